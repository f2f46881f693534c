"""The names of our branches, and what they tell. Deterministic: the same request has the same branch.

Parts are slugged to what git-check-ref-format(1) takes; a part that had to change carries a hash of what it was, so
that two never share a branch.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from bot.model.catalog import Target
from bot.model.change import PREFIX, Step

LONGEST = 200
AMENDING = {"drift adopt": "adopt", "drift ignore": "ignore"}
"""Verbs whose pull requests move no version, and what their branches are called."""
_SEVERAL = {"promote": "release", "rollback": "rollbacks"}
"""What a verb is called in the name where it moves several services."""


def name(verb: str, steps: Sequence[Step]) -> str:
    """`quarterdeck/<verb>/<environment>/<service>/<version>`.

    Of several services `quarterdeck/<release|rollbacks>/<environment>/<services>/<digest>`.
    """
    environment = steps[0].target.environment
    if len(steps) > 1:
        said = sorted((step.target.service, step.to_version) for step in steps)
        services = _slug("+".join(service for service, _ in said))[:100].rstrip(".-+")
        return PREFIX + "/".join([_SEVERAL[verb], _slug(environment), services, _digest(repr(said))])
    return _short("/".join([verb, *map(_slug, (environment, steps[0].target.service, steps[0].to_version))]))


def amendment(verb: str, target: Target, content: str) -> str:
    """`quarterdeck/<adopt|ignore>/<environment>/<service>/<digest>`: the same for the same content of files."""
    return _short("/".join([AMENDING[verb], *map(_slug, (target.environment, target.service)), _digest(content)]))


def amends(branch: str, verb: str, target: Target) -> bool:
    """Whether a branch of ours is this verb's, for this target."""
    return branch.removeprefix(PREFIX).split("/")[0] == AMENDING[verb] and names(branch, target)


def is_release(branch: str) -> bool:
    """Whether a branch of ours moves several services, so that only its commits tell which."""
    return branch.startswith(tuple(f"{PREFIX}{verb}/" for verb in _SEVERAL.values()))


def is_amendment(branch: str) -> bool:
    """Whether a branch of ours moves no version."""
    return branch.startswith(tuple(f"{PREFIX}{verb}/" for verb in AMENDING.values()))


def is_rollback(branch: str) -> bool:
    """Whether a branch of ours takes services back."""
    return branch.startswith((f"{PREFIX}rollback/", f"{PREFIX}rollbacks/"))


def moves(branch: str, target: Target) -> bool:
    """Whether a branch of ours, for one service, moves this target, whatever verb and version."""
    return names(branch, target) and branch.removeprefix(PREFIX).split("/")[0] not in AMENDING.values()


def names(branch: str, target: Target) -> bool:
    """Whether a branch of ours is for this target, whatever it does."""
    return branch.startswith(PREFIX) and of(branch) == key(target)


def of(branch: str) -> tuple[str, ...]:
    """What a branch of ours has of its target: the target's `key`, unless it is for several."""
    return tuple(branch.removeprefix(PREFIX).split("/")[1:3])


def key(target: Target) -> tuple[str, ...]:
    """What the names of all branches for a target have of it: environment and service, slugged."""
    return _slug(target.environment), _slug(target.service)


def environment(branch: str, known: Iterable[str]) -> str | None:
    """The environment that a branch of ours is for."""
    parts = branch.removeprefix(PREFIX).split("/")
    return next((each for each in known if branch.startswith(PREFIX) and parts[1:2] == [_slug(each)]), None)


def _short(name: str) -> str:
    whole = PREFIX + name
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 9].rstrip('/.-')}-{_digest(whole)}"


def _slug(part: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9._+-]+", "-", part).strip(".-")
    slug = re.sub(r"\.{2,}", ".", slug).removesuffix(".lock") or "x"
    return slug if slug == part else f"{slug[:80]}-{_digest(part)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
