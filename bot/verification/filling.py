"""What stands for `{service}`, `{environment}` and `{version}` in a probe, escaped for where it stands. Pure."""

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit, urlunsplit

from bot.model.catalog import Target

_PLACEHOLDER = re.compile(r"\{(service|environment|version)\}")
"""PromQL has braces of its own, so nothing else in braces is looked at."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_QUOTING = re.compile(r"[\\\"'`\x00-\x1f\x7f]")


def address(url: str, target: Target, version: str) -> str:
    """A page's address. ValueError, as a clause, where what comes of it is none that may be asked."""
    filled = _filled(url, target, version, lambda value: quote(value, safe=""))
    try:
        parts = urlsplit(filled)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise ValueError("its address is not well-formed") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("its address begins with neither https:// nor http://")
    if "@" in parts.netloc:
        raise ValueError("its address carries credentials, and none are sent")
    if not _HOST.fullmatch(parts.netloc.removesuffix(f":{parts.port}")) or not filled.isprintable() or " " in filled:
        raise ValueError("its address is not well-formed")
    return urlunsplit(parts._replace(fragment=""))


def query(text: str, target: Target, version: str) -> str:
    """A PromQL query: a value can't end the string that it stands in, whichever quotes that has."""
    return _filled(text, target, version, lambda value: _QUOTING.sub(lambda c: f"\\x{ord(c[0]):02x}", value))


def plain(text: str, target: Target, version: str) -> str:
    """What is only compared, such as a Job's name."""
    return _filled(text, target, version, lambda value: value)


def _filled(text: str, target: Target, version: str, escape: Callable[[str], str]) -> str:
    said = {"service": target.service, "environment": target.environment, "version": version}
    return _PLACEHOLDER.sub(lambda found: escape(said[found[1]]), text)
