"""What an open pull request of ours would move, once it is merged. Reads only."""

from collections.abc import Iterable

from bot import branches
from bot.model.catalog import Target
from bot.model.pull import PullRequest
from bot.ports import Git


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
