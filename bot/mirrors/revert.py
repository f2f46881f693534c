"""The trees that `git revert` would give, made without a checkout: reads history, writes loose objects only."""

from collections.abc import Sequence

from bot.errors import Refusal
from bot.mirrors.commit import identity, serialise
from bot.mirrors.mirror import Mirror
from bot.mirrors.process import Failed
from bot.mirrors.protected import is_protected
from bot.mirrors.tree import FILE, FOLDER, CommitTree, Entry, graft, split, text
from bot.model.change import Edit

_NOBODY = identity("quarterdeck", "", 0)
"""Author of the commits that only git-merge-tree ever sees; always the same, so that they pile up only once."""


def revert(
    mirror: Mirror, commits: Sequence[str], onto: str, folders: Sequence[str]
) -> tuple[tuple[Edit, ...], ...] | None:
    """The edits by which reverting each commit in turn changes the folders, on top of `onto`.

    A merge is reverted against its first parent. None if one conflicts, or does what edits can't say: changes a mode,
    brings back an executable or a symlink, touches a protected file, or reaches other folders through a rename.
    """
    tree = mirror.root(onto)
    every = []
    for commit in commits:
        after = _reverted(mirror, commit, tree, folders)
        edits = None if after is None else _edits(mirror, tree, after, folders)
        if after is None or edits is None:
            return None
        every.append(edits)
        tree = after
    return tuple(every)


def _reverted(mirror: Mirror, commit: str, onto: str, folders: Sequence[str]) -> str | None:
    """The tree after reverting one commit's part in the folders.

    A revert is a three-way merge: from the commit's own tree, one side goes back to its parent's folders, the other
    to the present. git before 2.40 can't be told the base, so three commits are made that have it.
    """
    parent = _first_parent(mirror, commit)
    back: dict[tuple[bytes, ...], Entry | None] = {}
    for folder in folders:
        entry = CommitTree(mirror, parent).find(folder) if parent else None
        back[split(folder)] = entry if entry and (entry.mode == FOLDER or entry.is_file) else None
    try:
        theirs = graft(mirror, mirror.root(commit), back) or mirror.store(b"tree", b"")
    except Refusal:
        return None
    base = _bare_commit(mirror, mirror.root(commit), None)
    sides = [_bare_commit(mirror, side, base) for side in (onto, theirs)]
    try:
        merged = mirror.run("merge-tree", "--write-tree", "--no-messages", *sides)
    except Failed:
        return None
    return merged.decode().strip()


def _edits(mirror: Mirror, before: str, after: str, folders: Sequence[str]) -> tuple[Edit, ...] | None:
    edits = []
    inside = [split(folder) for folder in folders]
    for raw, (old, new) in mirror.difference(before, after).items():
        names = tuple(raw.split(b"/"))
        mode = old.mode if old else FILE
        if not any(names[: len(folder)] == folder for folder in inside) or any(text(name) is None for name in names):
            return None
        if is_protected(raw) or any(not entry.is_file or entry.mode != mode for entry in (old, new) if entry):
            return None
        edits.append(Edit(raw.decode(), mirror.read(old.sha) if old else None, mirror.read(new.sha) if new else None))
    return tuple(edits)


def _first_parent(mirror: Mirror, commit: str) -> str | None:
    lines = (mirror.read(commit) or b"").partition(b"\n\n")[0].splitlines()
    return next((line[len(b"parent ") :].decode() for line in lines if line.startswith(b"parent ")), None)


def _bare_commit(mirror: Mirror, tree: str, parent: str | None) -> str:
    return mirror.store(b"commit", serialise(tree, parent, _NOBODY))
