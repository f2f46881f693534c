"""Merging a pull request as soon as its base's rules allow, by whichever of GitHub's three ways is the repository's.

At once, where nothing is pending; by auto-merge, where something is; and through the merge queue, where there is one.
Which it is can only be found out by trying: auto-merge is refused for what could be merged at once
(https://docs.github.com/en/graphql/reference/mutations#enablepullrequestautomerge), and merging at once where there is
a queue.
"""

from collections.abc import Callable

from github.GithubException import GithubException
from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.errors import Refusal, Unavailable
from bot.forges.api import Api
from bot.forges.failures import said, status

LOOKS = 6
"""At a pull request whose mergeability GitHub is still working out."""
PAUSE = 1.0
"""Seconds between them."""
PENDING = ("blocked", "behind")
"""Values of `mergeable_state` with which something has to happen first."""


def merge_when_ready(api: Api, name: str, number: int, head: str, pause: Callable[[float], None]) -> str | None:
    here = f"{name}#{number}"
    pull = _judged(api, name, number, pause)
    with api.asking(f"merge {here}"):
        remote = api.repository(name)
        if pull.merged:
            return pull.merge_commit_sha
        if pull.head.sha != head:
            raise Refusal(f"{here} has new commits since it was looked at: look again, then merge.")
        if pull.state != "open" or pull.draft:
            raise Refusal(f"{here} is {'a draft' if pull.state == 'open' else 'closed'}, so it can't be merged.")
        if pull.mergeable_state == "dirty":
            raise Refusal(f"{here} conflicts with {pull.base.ref}, so it can't be merged: ask for the change again.")
        method = _method(remote)
        if pull.mergeable_state in PENDING and _later(pull, here, method, head):
            return None
        return _now(api, pull, name, method, head)


def _judged(api: Api, name: str, number: int, pause: Callable[[float], None]) -> PullRequest:
    """The pull request, with GitHub's judgement of it, which takes a moment after each push."""
    for _ in range(LOOKS):
        with api.asking(f"merge {name}#{number}"):
            pull = api.repository(name).get_pull(number).complete()
            if pull.state != "open" or pull.mergeable_state != "unknown":
                return pull
        pause(PAUSE)
    raise Unavailable(f"GitHub still works out whether {name}#{number} can be merged: try again in a minute.")


def _method(remote: Repository) -> str:
    """The first that the repository allows; the settings are shown to those who may write, so none shown is any."""
    allowed = {
        "merge": remote.allow_merge_commit,
        "squash": remote.allow_squash_merge,
        "rebase": remote.allow_rebase_merge,
    }
    return next((method for method, may in allowed.items() if may), "merge")


def _later(pull: PullRequest, here: str, method: str, head: str) -> bool:
    """Have GitHub merge it; False if nothing is pending by now. Refusal where the repository has no auto-merge."""
    try:
        pull.enable_automerge(merge_method=method.upper(), expected_head_oid=head)
    except GithubException as error:
        words = " ".join(said(error))
        if "clean status" in words or "unstable status" in words or "not configured for this branch" in words:
            return False
        if "not allowed for this repository" in words:
            raise Refusal(
                f"{here} waits for what {pull.base.ref} requires, and the repository has no auto-merge: merge"
                " it by hand then, or turn on Allow auto-merge in the repository's settings."
            ) from None
        raise
    return True


def _now(api: Api, pull: PullRequest, name: str, method: str, head: str) -> str | None:
    try:
        merged = pull.merge(merge_method=method, sha=head)
    except GithubException as error:
        if "merge queue" in " ".join(said(error)):
            given = {"pullRequestId": pull.node_id, "expectedHeadOid": head}
            api.mutate(name, "enqueuePullRequest", given, "mergeQueueEntry { position }")
            return None
        if status(error) == 409:
            raise Refusal(
                f"{name}#{pull.number} has new commits since it was looked at: look again, then merge."
            ) from None
        if status(error) == 405:
            raise Refusal(
                f"{name}#{pull.number} can't be merged as it is: it is closed, conflicts with its base, or misses"
                " something that the base branch requires. Its page on GitHub says which."
            ) from None
        raise
    if not merged.sha:
        raise ValueError("no merge commit in the answer")
    return merged.sha
