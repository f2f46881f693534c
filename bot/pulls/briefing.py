"""What a pull request says and gets: at first from the config alone, and then from whatever can be found out.

A pull request is opened at once; renders, clusters and the services' sources are looked at afterwards, side by side,
and none is waited for long. Nothing that goes wrong here makes a promotion fail: it becomes a sentence.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from bot.command import Context
from bot.comparison.rendered import Changed, changes
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Merge, Target
from bot.model.change import Amendment, Change, Comparison, Proposal, Reversal, Step
from bot.preview import Preview
from bot.pulls import amended, body
from bot.pulls.body import Brief

WITHIN = 6.0
"""Seconds for all that is looked at."""
AT_ONCE = 8

T = TypeVar("T")
C = TypeVar("C", bound=Change)


def prepared(context: Context, proposal: C) -> C:
    """With all that the config and the message say about its pull request."""
    actor, place = context.message.actor, context.catalog.environments[proposal.environment]
    # Whoever asked would approve their own change, and GitHub refuses nobody else for naming them.
    reviewers = tuple(name for name in place.reviewers if name.casefold() != (actor.github or "").casefold())
    ours = ("quarterdeck", f"env/{place.name}", *_kind(proposal))
    asked = replace(
        proposal,
        labels=tuple(dict.fromkeys([*ours, *place.labels])),
        reviewers=reviewers,
        assignees=(actor.github,) if place.assign and actor.github else (),
        draft=place.draft,
        # What was changed by hand nobody has reviewed yet.
        merge=Merge.BY_HAND if isinstance(proposal, Amendment) else place.merge,
    )
    return replace(asked, body=_body(context, asked))


def _kind(proposal: Change) -> list[str]:
    """The labels of what is no promotion."""
    if isinstance(proposal, Amendment):
        return ["drift"]
    return ["rollback"] if isinstance(proposal, Reversal) else []


def _body(context: Context, asked: Change) -> str:
    if isinstance(asked, Amendment):
        return amended.write(asked, context.message, context.now)
    return body.write(asked, context.message, context.catalog.images) if isinstance(asked, Proposal) else asked.body


def completed(context: Context, proposal: C, within: float = WITHIN) -> C:
    """With a body that also tells what changes in the cluster, what is new, and how the services are now.

    `within` is in seconds. Never raises what the world did.
    """
    if not isinstance(proposal, Proposal):
        return proposal  # it said all that is known at once
    briefs = _gathered(context, proposal, within)
    return replace(proposal, body=body.write(proposal, context.message, context.catalog.images, briefs))


def _gathered(context: Context, proposal: Proposal, within: float) -> list[Brief]:
    places = {step.target: [step.target, *_earlier(context, step.target)] for step in proposal.steps}
    sources = {step.target: _source(context, step) for step in proposal.steps}
    every = dict.fromkeys(target for targets in places.values() for target in targets)
    pool, until = ThreadPoolExecutor(AT_ONCE, "briefing"), monotonic() + within
    try:
        looks = pool.submit(_told, lambda: {each.target: each for each in context.survey.look(every)})
        diffs = {
            step.target: pool.submit(_told, lambda step=step: _changes(context, proposal, step))
            for step in proposal.steps
        }
        news = {
            step.target: pool.submit(_told, lambda step=step: _compared(context, proposal, step, sources[step.target]))
            for step in proposal.steps
            if sources[step.target]
        }
        seen = _awaited(looks, until)
        told = {target: _awaited(answer, until) for target, answer in news.items()}
        return [
            Brief(
                changes=_awaited(diffs[target], until),
                now=seen if isinstance(seen, str) else seen[target],
                earlier=() if isinstance(seen, str) else tuple(seen[each] for each in earlier),
                source=sources[target],
                news=told.get(target),
            )
            for target, (_, *earlier) in places.items()
        ]
    finally:
        # What takes longer ends by its adapter's own limit, and nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)


def _earlier(context: Context, target: Target) -> Sequence[Target]:
    """The service in the environments that a version passes before this one."""
    before = list(context.catalog.environments)
    before = before[: before.index(target.environment)]
    return [each for each in context.targets(target.service) if each.environment in before]


def _source(context: Context, step: Step) -> str:
    """Where the service is built; empty where that, or a version to compare with, isn't known."""
    service = context.catalog.services.get(step.target.service)
    return service.source or "" if service and step.from_version else ""


def _changes(context: Context, proposal: Proposal, step: Step) -> tuple[Changed, ...]:
    target, survey = step.target, context.survey
    before = context.git.at(target.repository, proposal.base)
    old, new = (
        [each for folder in target.folders for each in survey.renderer.render(tree, folder, target)]
        for tree in (before, Preview(before, proposal.edits))
    )
    return changes(old, new, target.namespace)


def _compared(context: Context, proposal: Proposal, step: Step, source: str) -> Comparison:
    ends = (step.from_version or "", step.to_version)
    older, newer = reversed(ends) if body.goes_back(proposal, step) else ends
    return context.forge.compare(source, older, newer)


def _told(ask: Callable[[], T]) -> T | str:
    """The answer, or the sentence why there is none."""
    try:
        return ask()
    except (Refusal, Unavailable) as trouble:
        return str(trouble)


def _awaited(answer: "Future[T]", until: float) -> T | str:
    try:
        return answer.result(max(0.0, until - monotonic()))
    except TooLate:
        return "It took too long to find out."
