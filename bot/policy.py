"""Which images and versions a team allows, and which way a version moves. Pure: config and text in, a verdict out."""

import re
from fnmatch import fnmatchcase

from bot.errors import Refusal
from bot.model.catalog import ImagePolicy

_SEMVER = re.compile(
    r"(?a)v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?"
)
"""https://semver.org, with the `v` that tags often carry; without build metadata, since `+` is illegal in tags."""

_DATED = re.compile(r"(?a)v?(?:19|20)\d\d[.-]\d{1,2}[.-]\d{1,2}(?:[.-]\d+)?")

_MOVING = frozenset(
    ("latest", "main", "master", "trunk", "head", "develop", "dev", "edge", "nightly", "snapshot", "canary", "stable")
)
"""Tags that are set anew with each build, by custom."""

_EXAMPLES = (
    "v1.3.0",
    "1.3.0",
    "2026.1.31",
    "2026-01-31",
    "20260131",
    "main-0a1b2c3",
    "0a1b2c3",
    "release-1.3.0",
    "1.3",
)


def check(policy: ImagePolicy, image: str, version: str) -> None:
    """Refusal if the image's name or the version is not allowed, with the rule and what would fit it.

    An image without a name is one whose version alone stands in Git. A version's tag is what is judged; a digest alone
    fits `semver` never, and a pattern only if it matches the digest.
    """
    if policy.allow and not image:
        raise Refusal(
            "Which image has this version does not stand beside it, and images.allow restricts images; "
            "set services.<name>.image."
        )
    if policy.allow and not any(fnmatchcase(image, allowed) for allowed in policy.allow):
        raise Refusal(f"The image {image} is not allowed; images.allow has: {', '.join(policy.allow)}.")
    if policy.version is None:
        return
    tag = version.partition("@")[0]
    if policy.version == "semver":
        if not _SEMVER.fullmatch(tag):
            raise Refusal(f"The version {version} is not allowed: images.version is semver, such as v1.3.0.")
        return
    try:
        pattern = re.compile(policy.version)
    except re.error as error:
        raise Refusal(f"images.version is neither semver nor a regular expression: {error}.") from None
    if not pattern.fullmatch(tag):
        fitting = next((f", such as {example}" for example in _EXAMPLES if pattern.fullmatch(example)), "")
        raise Refusal(f"The version {version} is not allowed: images.version is {policy.version}{fitting}.")


def is_mutable(version: str) -> bool:
    """Whether its name says that it is a tag that moves: then what runs changes without a change in Git."""
    return version.casefold() in _MOVING


def is_downgrade(old: str, new: str) -> bool | None:
    """Whether a move goes to an earlier version; None if the two don't compare, as commits' hashes and `main` don't."""
    before, after = _order(old), _order(new)
    if before is None or after is None or before[0] != after[0]:
        return None
    return after < before


def differs_in_prefix(old: str, new: str) -> bool:
    """Whether one version has the leading `v` that the other goes without: often a slip, and then no such image."""
    both_numbered = all(_SEMVER.fullmatch(version.partition("@")[0]) for version in (old, new))
    return both_numbered and old.startswith("v") != new.startswith("v")


def _order(version: str) -> tuple[object, ...] | None:
    """A key that sorts as https://semver.org/#spec-item-11 says, or dates as dates; the first item is the scheme."""
    tag = version.partition("@")[0]
    if _DATED.fullmatch(tag):
        return "date", [int(number) for number in re.findall(r"\d+", tag)]
    match = _SEMVER.fullmatch(tag)
    if not match:
        return None
    release = [int(number) for number in match.group(1, 2, 3)]
    before = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in (match[4] or "").split(".")]
    return "semver", release, match[4] is None, before
