"""Commit objects as bytes, signed where a signer is given. Knows neither a repository nor why they are made."""

import re
from collections.abc import Callable

Sign = Callable[[bytes], bytes]
"""The armoured signature of what it is given."""

_NO_IDENTITY = re.compile(r"[<>\x00-\x1f\x7f]+")


def identity(name: str, email: str, seconds: int) -> bytes:
    """`Name <address> time zone`, in UTC. What would end the name or the line early is left out, as git does."""
    name, email = (_NO_IDENTITY.sub(" ", text).strip() for text in (name, email))
    return f"{name} <{email}> {seconds} +0000".encode(errors="replace")


def serialise(tree: str, parent: str | None, who: bytes, message: str = "", sign: Sign | None = None) -> bytes:
    """A commit whose author and committer are the same (git-commit-tree(1), gitformat-signature(5))."""
    head = [b"tree " + tree.encode(), *([b"parent " + parent.encode()] if parent else [])]
    head += [b"author " + who, b"committer " + who]
    body = b"\n\n" + message.encode(errors="replace")
    if sign is not None:
        # A header's further lines begin with a space; what is signed is the commit without this header.
        head.append(b"gpgsig " + sign(b"\n".join(head) + body).strip().replace(b"\n", b"\n "))
    return b"\n".join(head) + body
