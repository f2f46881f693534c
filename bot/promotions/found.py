"""Promotions found again without the store: by open pull requests of ours, and by commits of ours on the branch.

What they move is read from their files, as it was before and is after them. What their trailers say of who asked is a
hint: whoever wrote the commit could have written anything there. Reads only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice, takewhile
from typing import Final

from bot import branches, pins
from bot.lineage import REJECTS
from bot.model.catalog import Catalog, Delivery, Target
from bot.model.change import CHANGE, Commit
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import PullRequest
from bot.model.request import Actor
from bot.model.rules import Person
from bot.ports import Git, Promotions, Tree
from bot.pulls import landed, pending

RECENT: Final = timedelta(hours=1)
"""How old a commit may be that nobody follows: of an older one, everybody knows by now."""
MOST: Final = 200
"""Commits of the branch that are looked at: their times are whatever their authors' clocks said."""


@dataclass(frozen=True)
class Found:
    """Finds them in the repositories of a config. `git` gives reads, all of them fresh; `people` are its own."""

    catalog: Catalog
    git: Callable[[], Git]
    promotions: Promotions
    people: Mapping[str, Person]

    def proposed(self, repository: str, pull: PullRequest) -> Promotion | None:
        """What an open pull request of ours is; None where it moves no version, or its branch is no promotion's.

        Refusal or Unavailable where what it leads to can't be read.
        """
        environment = branches.environment(pull.branch, self.catalog.environments)
        if not pull.ours or environment is None or branches.is_amendment(pull.branch):
            return None
        git = self.git()
        brought = git.unmerged(repository, pull.head)
        if not brought or not brought[-1].parents:
            return None
        before, after = git.at(repository, brought[-1].parents[0]), git.at(repository, pull.head)
        there = [each for each in git.targets(self.catalog) if _is_in(each, repository, environment)]
        meant = {*pending.moved(git, pull, repository, there), *landed.touched(git, there, brought)}
        legs = _legs([each for each in there if each in meant], before, after, Stage.OPEN)
        if not legs:
            return None
        said = next((commit for commit in reversed(brought) if commit.is_ours), brought[-1])
        asked = pull.opened or said.at
        return Promotion(
            repository=repository,
            key=f"#{pull.number}",
            environment=environment,
            verb="rollback" if branches.is_rollback(pull.branch) else "promote",
            legs=legs,
            by=self._asker(said),
            asked=asked,
            title=pull.title,
            stage=Stage.OPEN,
            reached={Stage.REQUESTED: asked, Stage.OPEN: asked},
            pull=pull.number,
            url=pull.url,
            head=pull.head,
        )

    def pushed(self, repository: str, now: datetime) -> tuple[Promotion, ...]:
        """What was committed to the branch lately and nobody follows, oldest first.

        A commit that a pull request became is none of them: that one was followed, or is long merged.
        """
        places = [
            each.name
            for each in self.catalog.environments.values()
            if each.repository == repository and each.delivery is Delivery.PUSH
        ]
        if not places:
            return ()
        git = self.git()
        known = {each.commit for each in self.promotions.promotions()}
        lately = takewhile(lambda commit: now - commit.at < RECENT, islice(git.log(repository, [""]), MOST))
        found = [
            promotion
            for commits in _changes(lately)
            if commits[0].sha not in known
            and (environment := commits[0].trailers.get("Quarterdeck-Environment", "")) in places
            and (promotion := self._pushed(git, repository, environment, commits)) is not None
            and self._is_new(promotion)
        ]
        return tuple(reversed(found))

    def _pushed(self, git: Git, repository: str, environment: str, commits: Sequence[Commit]) -> Promotion | None:
        newest, oldest = commits[0], commits[-1]
        if not oldest.parents:
            return None
        named = {commit.trailers.get("Quarterdeck-Service", "") for commit in commits}
        there = [
            each
            for each in git.targets(self.catalog)
            if _is_in(each, repository, environment) and each.service in named
        ]
        legs = _legs(there, git.at(repository, oldest.parents[0]), git.at(repository, newest.sha), Stage.MERGED)
        if not legs:
            return None
        return Promotion(
            repository=repository,
            key=newest.sha,
            environment=environment,
            verb="rollback" if any(map(_goes_back, commits)) else "promote",
            legs=legs,
            by=self._asker(oldest),
            asked=newest.at,
            title=oldest.subject,
            stage=Stage.MERGED,
            reached={Stage.REQUESTED: newest.at, Stage.MERGED: newest.at},
            commit=newest.sha,
        )

    def _is_new(self, promotion: Promotion) -> bool:
        """Whether nobody followed it, to its end perhaps, be it as a pull request that became this commit."""
        if self.promotions.promotion(promotion.repository, promotion.key):
            return False
        ended = (self.promotions.ended(promotion.environment, leg.service) for leg in promotion.legs)
        return all(each is None or each.commit != promotion.commit for each in ended)

    def _asker(self, commit: Commit) -> Actor:
        """By the config, where it knows the name: then they can be called."""
        name = commit.trailers.get("Requested-by") or commit.author
        person = next((each for each in self.people.values() if each.github == name), None)
        return Actor(person.id, name, person.github) if person else Actor("", name)


def _is_in(target: Target, repository: str, environment: str) -> bool:
    return (target.repository, target.environment) == (repository, environment)


def _goes_back(commit: Commit) -> bool:
    return REJECTS in commit.trailers or "This reverts commit " in commit.message


def _changes(commits: Iterator[Commit]) -> Iterator[tuple[Commit, ...]]:
    """Those of ours that one request made, newest first: a commit for each service, one after the other."""
    for change, several in groupby(commits, lambda commit: commit.trailers.get(CHANGE)):
        if change is not None:
            yield tuple(several)


def _legs(targets: Sequence[Target], before: Tree, after: Tree, stage: Stage) -> tuple[Leg, ...]:
    """Those whose version is another after than before."""
    moved = ((target.service, pins.told(before, target), pins.told(after, target)) for target in targets)
    return tuple(Leg(service, old, new, stage) for service, old, new in moved if new is not None and new != old)
