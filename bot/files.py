"""Manifest files of a working tree: which there are below some paths, and how they are replaced, each whole or not.

Must not know what stands in them. Nothing is read through a symlink that lies in the tree.
"""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Refusal, Unavailable

_MANIFESTS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A file's content as it was read, and what is to stand there instead. `file` is its path as it was named."""

    file: str
    before: bytes
    after: bytes


def below(paths: Iterable[str]) -> Iterator[str]:
    """The files named, and the manifests in and below the folders named, each once, in order.

    `.git` and symlinks are left out. Refusal for a path that is not there, is a symlink, or is neither file nor folder;
    Unavailable for a folder that can't be read.
    """
    seen: set[str] = set()
    for path in paths:
        if not path:
            raise Refusal("A path is empty; name a file or a folder, such as . for this one.")
        named = Path(path)
        try:
            status = named.lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise Refusal(f"{path} is not there; name a file or a folder.") from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"{path} can't be read: {_why(error)}; nothing was written.") from None
        if stat.S_ISLNK(status.st_mode):
            raise Refusal(f"{path} is a symlink, which is not followed; name the file or folder that it leads to.")
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise Refusal(f"{path} is neither a file nor a folder.")
        for file in [named.as_posix()] if stat.S_ISREG(status.st_mode) else _walk(named.as_posix()):
            if (place := os.path.abspath(file)) not in seen:  # noqa: PTH100 - a file's own name counts, and thousands come
                seen.add(place)
                yield file


def read(file: str) -> bytes:
    """A file's content. Unavailable if it can't be read."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Unavailable(f"{file} can't be read: {_why(error)}; nothing was written.") from None


def replace(rewrites: Sequence[Rewrite]) -> None:
    """Put every new content in its file's place: all are written beside first, so that what fails changes nothing.

    A file keeps its mode and is never half-written, whatever ends the process. Refusal if one of them was changed since
    it was read; Unavailable if one can't be written. Only a rename that fails after another went through can leave some
    done: then that is said, and another run finishes them.
    """
    staged: list[Path] = []
    done = 0
    with ExitStack() as stack:
        try:
            staged.extend(_stage(rewrite, stack) for rewrite in rewrites)
            for rewrite in rewrites:
                if Path(rewrite.file).is_symlink() or read(rewrite.file) != rewrite.before:
                    raise Refusal(f"{rewrite.file} was changed by someone else meanwhile; run it again.")
            for rewrite, beside in zip(rewrites, staged, strict=True):
                beside.rename(rewrite.file)
                done += 1
            for folder in {beside.parent for beside in staged}:
                _sync(folder)
        except OSError as error:
            failed = rewrites[min(done or len(staged), len(rewrites) - 1)].file
            extent = f"{done} of {len(rewrites)} files were written; run it again" if done else "nothing was written"
            raise Unavailable(f"{failed} can't be written: {_why(error)}; {extent}.") from None


def _walk(folder: str) -> Iterator[str]:
    todo = [folder]
    while todo:
        path = todo.pop()
        try:
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise Unavailable(f"{path} can't be read: {_why(error)}; nothing was written.") from None
        yield from (
            e.path.removeprefix("./") for e in entries if _is_manifest(e.name) and e.is_file(follow_symlinks=False)
        )
        todo += [e.path for e in reversed(entries) if e.name != ".git" and e.is_dir(follow_symlinks=False)]


def _is_manifest(name: str) -> bool:
    return name.endswith(_MANIFESTS) or name == "Kustomization"


def _stage(rewrite: Rewrite, stack: ExitStack) -> Path:
    """The new content in a file beside the old one, with the old one's mode and owner, safe on the disk."""
    place = Path(rewrite.file)
    status = place.stat()
    if not os.access(place, os.W_OK):
        raise PermissionError(0, "it is read-only")
    handle, name = tempfile.mkstemp(prefix=f".{place.name[:100]}.", suffix=".quarterdeck", dir=place.parent)
    beside = Path(name)
    stack.callback(beside.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        with suppress(PermissionError):  # only root may give a file away
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
        file.write(rewrite.after)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said[:1].lower() + said[1:]
