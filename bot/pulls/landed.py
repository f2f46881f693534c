"""What a merged pull request became on the branch: its commits, and the services whose folders they touched.

A merge and a squash are one commit; a rebase is as many as the pull request had. Reads only.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import dropwhile, islice, takewhile

from bot.errors import Refusal
from bot.model.address import owner_and_name
from bot.model.catalog import Repository, Target
from bot.model.change import Commit
from bot.ports import Forge, Git

_SAYS = r"Merge pull request #{0} .*|.*\(#{0}\)"
"""Subjects that GitHub gives to merges and squashes."""


def commits(git: Git, forge: Forge | None, repository: Repository, number: int) -> tuple[Commit, ...]:
    """Newest first. Refusal where it isn't merged, or not into the branch that clusters follow.

    Without a forge to ask, the newest commit that says to be its merge.
    """
    branch = git.log(repository.name, [""])
    if forge is None:
        says = re.compile(_SAYS.format(number))
        found = next((commit for commit in branch if says.fullmatch(commit.subject)), None)
        if found is None:
            raise Refusal(f"No commit on {repository.branch} says that it merges pull request #{number}.")
        return (found,)
    pull = forge.pull(repository.name, number)
    named = f"Pull request #{number} ({pull.title})"
    if pull.state == "open":
        raise Refusal(f"{named} is open, so it moved nothing yet. If it is mine, close it by: cancel pr {number}")
    if pull.state != "merged":
        raise Refusal(f"{named} was closed unmerged, so it moved nothing.")
    below = dropwhile(lambda commit: commit.sha != pull.merged_as, branch)
    newest = next(below, None)
    if newest is None:
        raise Refusal(f"{named} was merged into {pull.base}, not {repository.branch}.")
    if len(newest.parents) != 1:
        return (newest,)
    had = forge.compare(owner_and_name(repository.url) or repository.url, newest.sha, pull.head).entries
    subjects = {entry.subject for entry in had}
    if newest.subject not in subjects:
        return (newest,)  # a squash, by a subject of its own; a rebase keeps those of its commits
    return (newest, *takewhile(lambda commit: commit.subject in subjects, islice(below, len(had) - 1)))


def touched(git: Git, targets: Iterable[Target], landed: Sequence[Commit]) -> tuple[Target, ...]:
    """Those of some targets of one repository whose folders the commits changed."""
    found = []
    for target in targets:
        parents = landed[-1].parents
        before = git.at(target.repository, parents[0]) if parents else None
        after = git.at(target.repository, landed[0].sha)
        if any(after.identity(each) != (before.identity(each) if before else None) for each in target.folders):
            found.append(target)
    return tuple(found)
