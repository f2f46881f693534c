"""What a target was when it was deployed last: the third side, beside what Git says now and what is live.

An engine that says which commit it applied is believed; without one, the content last seen in sync stands in, and
without that what Git said before its newest change. Reads Git alone.
"""

from dataclasses import dataclass
from itertools import islice

from bot.declared import Declared, declare
from bot.errors import Refusal, Unavailable
from bot.model.sync import Content, Deployed
from bot.ports import Git, Renderer


@dataclass(frozen=True, slots=True)
class Base:
    """`declared` is None where nothing is known, or nothing was rendered.

    `is_current`: an engine, or an earlier look, says that what Git says now was deployed; False: that the base is;
    None: nobody says.
    """

    declared: Declared | None = None
    is_current: bool | None = None


def base(
    now: Declared, deployed: Deployed | None, last: Content | None, git: Git, renderer: Renderer, *, secrets: bool
) -> Base:
    """The base of a target; never raises: a commit that is gone or can't be rendered is as good as none."""

    def at(commit: str) -> Declared | None:
        try:
            then = declare(git.at(now.target.repository, commit), now.target, renderer, secrets=secrets)
        except (Refusal, Unavailable):
            return None
        return then if then.manifests else None

    revision = deployed.revision if deployed else None
    if revision and _reads(git, now, revision):
        if now.identity_in(git.at(now.target.repository, revision)) != now.content.identity:
            return Base(at(revision), is_current=False)
        return Base(at(last.commit) if last and last.identity != now.content.identity else None, is_current=True)
    if last and last.identity == now.content.identity:
        return Base(None, is_current=True)
    if last and (then := at(last.commit)):
        return Base(then)
    try:
        before = _before(now, git)
    except (Refusal, Unavailable):
        before = None
    return Base(at(before) if before else None)


def _reads(git: Git, now: Declared, revision: str) -> bool:
    try:
        git.at(now.target.repository, revision)
    except (Refusal, Unavailable):
        return False
    return True


def _before(now: Declared, git: Git) -> str | None:
    """The commit before the newest one that touched the target's files."""
    newest = next(islice(git.log(now.target.repository, now.inputs), 1), None)
    return newest.parents[0] if newest and newest.parents else None


UNKNOWN = Base()
