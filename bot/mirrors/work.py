"""Commits made without a checkout, proven, and pushed. Must not know why: messages and edits come ready."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import Refusal, Unavailable
from bot.mirrors.commit import identity, serialise
from bot.mirrors.mirror import Mirror
from bot.mirrors.protected import LFS_POINTER, is_protected
from bot.mirrors.signature import Signer
from bot.mirrors.tree import FILE, CommitTree, Entry, graft, split
from bot.model.change import PREFIX, Author, Draft, Edit
from bot.ports import Committer

_TRIES = 5


def clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Writer:
    """Implements `bot.ports.GitWrites`. Raises KeyError for a repository that isn't in the catalog."""

    mirrors: Mapping[str, Mirror]
    author: Author
    now: Callable[[], datetime] = clock
    committer: Committer | None = None
    """The forge, if it is to make and sign the commits."""

    def commit(self, repository: str, base: str, drafts: Sequence[Draft]) -> str:
        """Modes are kept and new files are plain ones. A draft that changes nothing makes no commit.

        Raises Refusal if a file isn't, at `base`, as its edit says, is one that the bot never changes, or a path or
        message is none that Git can hold.
        """
        mirror = self.mirrors[repository]
        if not mirror.holds(base):
            raise Refusal(f"The history of {repository} was rewritten since this was planned; ask again.")
        start, wanted = base, []
        for draft in drafts:
            edits = tuple(edit for edit in draft.edits if edit.before != edit.after)
            if edits:
                made = self._commit(mirror, base, draft.message, edits)
                prove(mirror, base, made, edits)
                base = made
                wanted.append(Draft(draft.message, edits))
        if self.committer is None or not wanted:
            return base
        return _by_forge(self.committer, mirror, start, wanted)

    @contextmanager
    def turn(self, repository: str) -> Iterator[str]:
        mirror = self.mirrors[repository]
        with mirror.turn():
            yield mirror.newest(mirror.remote.repository.branch)

    def push_base(self, repository: str, commit: str) -> bool:
        mirror = self.mirrors[repository]
        return mirror.push(commit, mirror.remote.repository.branch)

    def push_branch(self, repository: str, branch: str, commit: str) -> str:
        """A branch that holds the same changes on the same commit already is left alone, whoever asked for them."""
        if not branch.startswith(PREFIX):
            raise ValueError(f"{branch} is not under {PREFIX}")
        mirror = self.mirrors[repository]
        base = mirror.remote.repository.branch
        there = ""
        for _ in range(_TRIES):
            if mirror.push(commit, branch, lease=there):
                return commit
            mirror.fetch(time.monotonic())
            there = mirror.tip(branch) or ""
            if there:
                trees, committers = _above(mirror, base, there)
                if trees == _above(mirror, base, commit)[0]:
                    return there
                if others := sorted(committers - self._ours(repository)):
                    raise Refusal(
                        f"Branch {branch} holds commits of {', '.join(others)}, so it was left alone: "
                        "merge or delete it, then ask again."
                    )
        raise Unavailable(f"Branch {branch} of {repository} keeps changing meanwhile; try again in a minute.")

    def _ours(self, repository: str) -> set[str]:
        """The addresses that commits of the bot carry."""
        return {self.author.email} | ({self.committer.author(repository).email} if self.committer else set())

    def _commit(self, mirror: Mirror, base: str, message: str, edits: Sequence[Edit]) -> str:
        if "\0" in message:
            raise Refusal("A commit message can't hold a NUL character.")
        tree = CommitTree(mirror, base)
        changes: dict[tuple[bytes, ...], Entry | None] = {}
        for edit in edits:
            entry = tree.find(edit.path)
            if tree.read(edit.path) != edit.before or (edit.before is None and entry is not None):
                raise Refusal(f"{edit.path} has changed since this was planned; ask again.")
            if split(edit.path) in changes:
                raise ValueError(f"two edits of {edit.path} in one commit")
            changes[split(edit.path)] = (
                None if edit.after is None else Entry(entry.mode if entry else FILE, mirror.store(b"blob", edit.after))
            )
        root = graft(mirror, mirror.root(base), changes) or mirror.store(b"tree", b"")
        who = identity(self.author.name, self.author.email, int(self.now().timestamp()))
        return mirror.store(b"commit", serialise(root, base, who, message, Signer.of(self.author)))


def _by_forge(committer: Committer, mirror: Mirror, base: str, drafts: Sequence[Draft]) -> str:
    """The same commits, made by the forge and proven like ours; the last one's id."""
    tree = CommitTree(mirror, base)
    for path in (edit.path for draft in drafts for edit in draft.edits if edit.after is not None):
        if (entry := tree.find(path)) and entry.mode != FILE:
            raise Refusal(
                f"{path} is not a plain file, and the commits that the forge signs can only hold those: make it one "
                "(chmod -x), or sign with a key of the bot's own (`author.sign`)."
            )
    with committer.signed(mirror.remote.repository.name, base, drafts) as made:
        mirror.fetch(time.monotonic())
    for parent, commit, draft in zip((base, *made), made, drafts, strict=False):
        if not mirror.holds(commit):
            raise Unavailable(f"{mirror.remote.repository.url} does not show the commit that it signed; try again.")
        prove(mirror, parent, commit, draft.edits)
    return made[-1]


def prove(mirror: Mirror, before: str, after: str, edits: Sequence[Edit]) -> None:
    """Raise AssertionError unless, by git's own account, the commit does exactly these edits and keeps every mode.

    It guards against defects of ours: nothing that fails it may be pushed. Raises Refusal if the edits reach what the
    bot never changes.
    """
    seen = {}
    for path, (old, new) in mirror.difference(before, after).items():
        if is_protected(path):
            raise Refusal(f"{path.decode(errors='replace')} is never changed by the bot: change it by hand.")
        seen[path] = (mirror.read(old.sha) if old else None, mirror.read(new.sha) if new else None)
        if any(entry.mode != (old.mode if old else FILE) for entry in (old, new) if entry):
            raise AssertionError(f"{path!r} would change its mode")
        if any(content is not None and content.startswith(LFS_POINTER) for content in seen[path]):
            raise Refusal(f"{path.decode(errors='replace')} is kept by Git LFS, where the bot can't change it.")
    if seen != {b"/".join(split(edit.path)): (edit.before, edit.after) for edit in edits}:
        raise AssertionError(f"the commit changes {sorted(seen)}, which is not what was planned")


def _above(mirror: Mirror, branch: str, commit: str) -> tuple[list[str], set[str]]:
    """What stands on a commit of the branch: that commit's id and all trees on it; and who committed them.

    Where the forge did (https://docs.github.com/en/authentication/managing-commit-signature-verification), its author.
    """
    form = "--format=%T%x00%P%x00%ce%x00%ae"
    raw = mirror.run("log", "-z", form, "--end-of-options", commit, f"^{mirror.newest(branch)}")
    fields = raw.decode(errors="replace").split("\0")[:-1]
    trees, parents, people = fields[::4], fields[1::4], zip(fields[2::4], fields[3::4], strict=True)
    return [*trees, *parents[-1:]], {author if who.startswith("noreply@") else who for who, author in people}
