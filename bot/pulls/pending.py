"""What an open pull request of ours would move, once it is merged. Reads only."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot import branches, pins
from bot.errors import Refusal
from bot.model.catalog import Target
from bot.model.pull import PullRequest
from bot.ports import Git


@dataclass(frozen=True, slots=True)
class Pending:
    """A target that an open pull request of ours moves, and to which version, by its files; None if they can't tell."""

    target: Target
    pull: PullRequest
    version: str | None


def pending(git: Git, pulls: Sequence[PullRequest], targets: Sequence[Target]) -> Iterator[Pending]:
    """What pull requests of one repository would move of its targets: few against thousands."""
    if not (pulls and targets):
        return
    by_key: dict[tuple[str, ...], Target] = {branches.key(target): target for target in targets}
    by_name: dict[tuple[str, ...], Target] = {(target.environment, target.service): target for target in targets}
    for pull in pulls:
        if not pull.ours:
            continue
        several = branches.is_release(pull.branch)
        keys = sorted(released(git, pull, targets[0].repository)) if several else [branches.of(pull.branch)]
        for key in keys:
            target = (by_name if several else by_key).get(key)
            if target is not None and (several or branches.moves(pull.branch, target)):
                yield Pending(target, pull, _version(git, pull, target))


def _version(git: Git, pull: PullRequest, target: Target) -> str | None:
    try:
        return pins.current(git.at(target.repository, pull.head), target)
    except Refusal:
        return None


def moved(git: Git, pull: PullRequest, repository: str, targets: Iterable[Target]) -> tuple[Target, ...]:
    """Those of some targets that it moves: its branch names one, and of a release each commit does."""
    if not branches.is_release(pull.branch):
        return tuple(target for target in targets if branches.moves(pull.branch, target))
    named = released(git, pull, repository)
    return tuple(target for target in targets if (target.environment, target.service) in named)


def released(git: Git, pull: PullRequest, repository: str) -> set[tuple[str, str]]:
    """The environments and services of a release, by its commits: each is one service's."""
    said = [commit.trailers for commit in git.unmerged(repository, pull.head)]
    return {(each.get("Quarterdeck-Environment", ""), each.get("Quarterdeck-Service", "")) for each in said}
