"""Which addresses the bot may speak to. Pure rules, the same wherever an address comes from.

ValueErrors complete "<the setting> …", and none repeats an address: a token may stand in it.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_SCP = re.compile(r"[A-Za-z0-9_.-]+@(?!-)[^/:@\s]+:[^:]\S*")
"""`git@github.com:acme/gitops.git`, the short form of ssh (gitglossary, "GIT URLS")."""


def protocol(url: str) -> str:
    """By which protocol a repository's address is reached: `https`, `http` (this machine alone), `ssh` or `file`.

    ValueError for one that carries credentials, runs a program, or would show the token on its way.
    """
    first = url.partition("/")[0]
    if url.startswith("-") or "::" in first:
        raise ValueError("is not an address: use https, ssh or a local path")
    if "://" not in url:
        if "@" not in first:
            return "file"
        if not _SCP.fullmatch(url):
            raise ValueError("is neither a path nor user@host:path")
        return "ssh"
    parts = _split(url)
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise ValueError("carries credentials; remove them and set GITHUB_TOKEN in the environment")
    if parts.query or parts.fragment:
        raise ValueError("has a ? or # part, which no repository's address needs")
    if parts.scheme not in {"https", "http", "ssh", "file"}:
        raise ValueError("is of a protocol that isn't allowed; use https, ssh or a local path")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ValueError("is plain http, which would show the token on its way; use https")
    if parts.scheme != "file" and (not parts.hostname or parts.netloc.rpartition("@")[2].startswith("-")):
        raise ValueError("names no host")
    return parts.scheme


def endpoint(url: str) -> str:
    """An API's address, without a trailing slash; ValueError unless it is https, or http on this machine."""
    parts = _split(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be an address alone: no credentials, no ? or # part")
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname))
    if not (parts.hostname and safe and url.isprintable()):
        raise ValueError("must begin with https:// (plain http is for this machine alone)")
    return url.rstrip("/")


def probed(url: str, *, alone: bool = False) -> None:
    """ValueError unless a page can be asked for there, over http or https; `alone`, without a ? part.

    Plain http is allowed, since inside a cluster there is often nothing else.
    """
    parts = _split(url)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must begin with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries credentials; remove them")
    if not parts.hostname or not url.isprintable() or " " in url:
        raise ValueError("is not a well-formed address")
    if parts.fragment or (alone and parts.query):
        raise ValueError("must be an address alone: no ? or # part" if alone else "has a # part, which is never sent")


def same_forge(url: str, api: str) -> bool:
    """Whether a repository's address is the forge's whose API this is: the same host, or the one of `api.<host>`."""
    host, asked = _split(url).netloc.rpartition("@")[2], _split(api).netloc
    return host in {asked, asked.removeprefix("api.")}


def page(url: str) -> str | None:
    """Where a browser sees a forge's repository, by whichever protocol git does; None for a path of this machine."""
    if "://" not in url:
        host, _, path = url.partition("@")[2].partition(":")
        whole = f"https://{host}/{path}" if host and path else None
    else:
        parts = _split(url)
        web = parts.netloc if parts.scheme in {"http", "https"} else parts.hostname
        scheme = "http" if parts.scheme == "http" else "https"
        whole = f"{scheme}://{web}{parts.path}" if web and parts.scheme != "file" else None
    return whole and whole.removesuffix("/").removesuffix(".git")


def owner_and_name(url: str) -> str | None:
    """`acme/gitops` of a forge's repository, by whichever protocol; None where the address ends in no two names."""
    owner, name = ("", *re.split(r"[/:]", url.removesuffix("/").removesuffix(".git")))[-2:]
    return f"{owner}/{name}" if owner and name else None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise ValueError("is not a well-formed address") from None
    return parts


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
