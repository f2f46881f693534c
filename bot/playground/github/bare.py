"""A bare Git repository on disk, driven by git itself. Knows nothing of pull requests and nothing of HTTP.

Every git runs without hooks, without anyone's configuration and without asking questions.
"""

import os
import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CONFIG = {"core.hooksPath": os.devnull, "http.receivepack": "true", "gc.auto": "0", "receive.autogc": "false"}
TIMEOUT = 30
"""Seconds; a git that hangs must not hang the playground."""


def environment(hooks: Path | None = None, /, **more: str) -> dict[str, str]:
    """What git and its children see, the HTTP backend's included: PATH, the settings above and nothing else.

    `hooks` is a folder of ours; a repository's own are never run.
    """
    settings = CONFIG | ({"core.hooksPath": str(hooks)} if hooks else {})
    config = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings.items()):
        config |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    alone = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
    return alone | config | more


class GitFailed(Exception):  # noqa: N818 - says what happened
    """git's exit status was not 0."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} +0000"


@dataclass(frozen=True, slots=True)
class Logged:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What became of one file. `patch` begins at the first hunk, as in GitHub's API; "" for binary files."""

    path: str
    status: str
    additions: int
    deletions: int
    blob: str
    patch: str


class Bare:
    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "Bare":
        path.mkdir(parents=True)
        bare = cls(path)
        bare._git("init", "--quiet", "--bare", "--initial-branch=main", "--template=")
        return bare

    def branches(self) -> dict[str, str]:
        """Every branch and its tip."""
        listed = self._git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").splitlines()
        return {name: sha for sha, _, name in (line.partition(" ") for line in listed)}

    def point(self, ref: str, new: str, old: str | None = None) -> None:
        """Move a ref; GitFailed if it isn't at `old` any more."""
        self._git("update-ref", ref, new, *([old] if old else []))

    def delete_branch(self, branch: str) -> None:
        self._git("update-ref", "-d", f"refs/heads/{branch}")

    def contains(self, tip: str, commit: str) -> bool:
        return self._run("merge-base", "--is-ancestor", commit, tip).returncode == 0

    def count(self, base: str, head: str) -> int:
        """Commits of head that base has not."""
        return int(self._git("rev-list", "--count", f"{base}..{head}"))

    def tags(self) -> dict[str, str]:
        """Every tag and the commit it leads to."""
        listed = self._git("for-each-ref", "--format=%(objectname) %(*objectname) %(refname:lstrip=2)", "refs/tags")
        return {line.split(" ")[2]: line.split(" ")[1] or line.split(" ")[0] for line in listed.splitlines()}

    def fork_point(self, one: str, other: str) -> str | None:
        """The newest commit that both have."""
        found = self._run("merge-base", one, other)
        return found.stdout.decode().strip() if found.returncode == 0 else None

    def log(self, tip: str, limit: int = 30) -> list[Logged]:
        form = "%x00".join(("%H", "%T", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%B", ""))
        fields = self._git("log", f"--max-count={limit}", f"--format=tformat:{form}", tip).split("\0")
        return [_logged(fields[first : first + 10]) for first in range(0, len(fields) - 1, 10)]

    def files(self, tip: str) -> list[str]:
        return self._git("ls-tree", "-r", "-z", "--name-only", tip).split("\0")[:-1]

    def read(self, commit: str, path: str) -> bytes | None:
        """A file's bytes at a commit (a full id); None where there is none."""
        shown = self._run("cat-file", "blob", f"{commit}:{path}")
        return shown.stdout if shown.returncode == 0 else None

    def commit_id(self, name: str) -> str | None:
        """The full id of a branch's tip or of a commit named by id."""
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return found.stdout.decode().strip() if found.returncode == 0 else None

    def diff(self, base: str, head: str) -> list[FileDiff]:
        """What head changed since it left base, by file."""
        start = self._git("merge-base", base, head).strip()
        raw = self._git("diff-tree", "-r", "-z", "--no-renames", "--raw", "--numstat", "--no-abbrev", start, head)
        entries = iter(raw.split("\0")[:-1])
        changed: dict[str, tuple[str, str]] = {}
        counted: dict[str, tuple[int, int]] = {}
        for entry in entries:
            if entry.startswith(":"):
                *_, old, new, status = entry.split(" ")
                changed[next(entries)] = (status, old if status == "D" else new)
            else:
                added, deleted, path = entry.split("\t", 2)
                counted[path] = (0, 0) if added == "-" else (int(added), int(deleted))
        patches = self._git("diff-tree", "-r", "-p", "--no-renames", "--no-color", "--no-ext-diff", start, head)
        words = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}
        return [
            FileDiff(path, words[status], *counted[path], blob, patch)
            for (path, (status, blob)), patch in zip(changed.items(), _hunks(patches), strict=True)
        ]

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; None if it conflicts."""
        merged = self._run("merge-tree", "--write-tree", base, head)
        return merged.stdout.decode().split("\n", 1)[0] if merged.returncode == 0 else None

    def picked_tree(self, commit: Logged, onto: str) -> str | None:
        """The tree of `git cherry-pick`: `onto` is made a sibling of the commit for the merge. None if it conflicts."""
        tree = self._git("rev-parse", f"{onto}^{{tree}}").strip()
        sibling = self.make_commit(tree, commit.parents[:1], "", commit.author, commit.author)
        return self.merged_tree(sibling, commit.sha)

    def reverted_tree(self, commit: str, onto: str) -> str | None:
        """The tree of `git revert`, of a merge against its first parent; None if it conflicts."""
        now = Signature("-", "-", datetime.fromtimestamp(0, UTC))
        trees = [self._git("rev-parse", f"{each}^{{tree}}").strip() for each in (commit, onto, f"{commit}^")]
        base = self.make_commit(trees[0], [], "", now, now)
        ours, theirs = (self.make_commit(tree, [base], "", now, now) for tree in trees[1:])
        return self.merged_tree(ours, theirs)

    def signature(self, commit: str) -> tuple[str, str]:
        """A commit's signature, "" if it has none, and what it is a signature of (gitformat-signature(5))."""
        header, _, message = self._git("cat-file", "commit", commit).partition("\n\n")
        signature: list[str] = []
        others: list[str] = []
        for line in header.split("\n"):
            inside = line.startswith("gpgsig ") or (line.startswith(" ") and bool(signature))
            (signature if inside else others).append(line)
        armored = "\n".join(signature).removeprefix("gpgsig ").replace("\n ", "\n")
        return armored, "\n".join(others) + "\n\n" + message

    def sign(self, commit: str, sign: Callable[[str], str]) -> str:
        """The same commit with a signature; its id."""
        payload = self._git("cat-file", "commit", commit)
        header, _, message = payload.partition("\n\n")
        signature = sign(payload).replace("\n", "\n ")
        signed = f"{header}\ngpgsig {signature}\n\n{message}"
        return self._git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode()).strip()

    def make_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature
    ) -> str:
        who: dict[str, str] = {}
        for role, signature in (("AUTHOR", author), ("COMMITTER", committer)):
            who |= {
                f"GIT_{role}_NAME": signature.name,
                f"GIT_{role}_EMAIL": signature.email,
                f"GIT_{role}_DATE": f"@{int(signature.at.timestamp())} +0000",
            }
        flags = [part for parent in parents for part in ("-p", parent)]
        return self._git("commit-tree", tree, *flags, stdin=message.encode(), **who).strip()

    def commit(
        self, branch: str, files: Mapping[str, bytes | None], message: str, author: Signature, parent: str | None
    ) -> str:
        """One commit on top of `parent`, which becomes the branch's tip; None as content deletes. The commit's id."""
        return self._import(f"refs/heads/{branch}", files, message, (author, author), parent)

    def loose_commit(
        self, files: Mapping[str, bytes | None], message: str, author: Signature, committer: Signature, parent: str
    ) -> str:
        """The same, and no branch moves."""
        ref = f"refs/loose/{secrets.token_hex(8)}"
        commit = self._import(ref, files, message, (author, committer), parent)
        self._git("update-ref", "-d", ref)
        return commit

    def _import(
        self,
        ref: str,
        files: Mapping[str, bytes | None],
        message: str,
        people: tuple[Signature, Signature],
        parent: str | None,
    ) -> str:
        text = message.encode()
        stream = f"commit {ref}\nmark :1\nauthor {people[0]}\ncommitter {people[1]}\n".encode()
        stream += f"data {len(text)}\n".encode() + text + (f"\nfrom {parent}\n".encode() if parent else b"\n")
        for path, content in files.items():
            if content is None:
                stream += f"D {path}\n".encode()
            else:
                stream += f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        return self._git("fast-import", "--quiet", "--done", stdin=stream + b"get-mark :1\ndone\n").strip()

    def _git(self, *arguments: str, stdin: bytes = b"", **more: str) -> str:
        done = self._run(*arguments, stdin=stdin, **more)
        if done.returncode != 0:
            raise GitFailed(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode(errors="replace")

    def _run(self, *arguments: str, stdin: bytes = b"", **more: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(  # noqa: S603 - no shell; names of refs and paths are git's or checked by it
            ["git", "--git-dir", str(self.path), *arguments],  # noqa: S607 - the git of PATH, as for everyone
            input=stdin,
            capture_output=True,
            env=environment(**more),
            timeout=TIMEOUT,
            check=False,
        )


def _logged(fields: Sequence[str]) -> Logged:
    sha, tree, parents, author, author_email, authored, committer, committer_email, committed, message = fields
    return Logged(
        sha.strip(),
        tree,
        tuple(parents.split()),
        Signature(author, author_email, datetime.fromtimestamp(int(authored), UTC)),
        Signature(committer, committer_email, datetime.fromtimestamp(int(committed), UTC)),
        message.rstrip("\n"),
    )


def _hunks(patches: str) -> list[str]:
    """Each file's patch from its first `@@ ` on; "" where a file has no hunks."""
    found = []
    for part in ("\n" + patches).split("\ndiff --git ")[1:]:
        _, mark, hunks = part.partition("\n@@ ")
        found.append(mark.lstrip() + hunks.rstrip("\n"))
    return found
