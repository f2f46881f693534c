"""How a pull request becomes part of its base: merge commit, squash or rebase; at once, later, or by the queue.

What can't be done raises Denied with the words of GitHub's REST API; what only GraphQL offers, Unprocessable.
Messages: https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges.
"""

from datetime import timedelta

from bot.playground.github.bare import GitFailed, Logged, Signature
from bot.playground.github.denied import Denied
from bot.playground.github.pulls import Person, Pull, Waiting
from bot.playground.github.repository import Repository

QUEUE = timedelta(seconds=5)
"""How long the queue takes to test what is in it."""
NAMES = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}


class Unprocessable(Exception):  # noqa: N818 - it is an answer, not a fault
    """A mutation that GraphQL turns down with this message."""


def state(repository: Repository, pull: Pull) -> str:
    """`mergeable_state` of the REST API."""
    if pull.closed or pull.looks < repository.settings.judging:
        return "unknown"
    if repository.merged_tree(pull) is None:
        return "dirty"
    if pull.draft:
        return "draft"
    refused = repository.decision(pull) == "CHANGES_REQUESTED"
    blocked = refused or repository.missing_approvals(pull) or repository.missing_checks(pull)
    return "blocked" if blocked else "clean"


def merge(
    repository: Repository,
    pull: Pull,
    by: Person,
    method: str = "merge",
    *,
    sha: str | None = None,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """The newest commit of it on the base. `title` and `message` are given where they are not the usual ones."""
    if method not in repository.settings.methods:
        raise Denied(405, f"{NAMES[method]} are not allowed on this repository.")
    if sha is not None and sha != pull.head:
        raise Denied(409, "Head branch was modified. Review and try the merge again.")
    if pull.draft and not pull.closed:
        raise Denied(405, "Pull Request is still a draft")
    if repository.merged_tree(pull) is None:
        raise Denied(405, "Pull Request is not mergeable")
    if repository.decision(pull) == "CHANGES_REQUESTED":
        raise Denied(405, "Changes have been requested by a reviewer with write access.")
    if missing := repository.missing_approvals(pull):
        reviews = "review is" if missing == 1 else "reviews are"
        raise Denied(405, f"At least {missing} approving {reviews} required by reviewers with write access.")
    for name in repository.missing_checks(pull):
        raise Denied(405, f'Required status check "{name}" is expected.')
    if repository.rules(pull.base).queue:
        raise Denied(405, "Changes must be made through the merge queue")
    return _merge(repository, pull, by, method, title, message)


def merge_later(repository: Repository, pull: Pull, by: Person, method: str, sha: str | None) -> None:
    """Auto-merge: refused where it could be merged now."""
    now = state(repository, pull)
    if not repository.settings.auto_merge:
        raise Unprocessable("Pull request Auto merge is not allowed for this repository")
    if pull.closed or now in ("clean", "dirty", "draft"):
        raise Unprocessable(f"Pull request Pull request is in {'closed' if pull.closed else now} status")
    if sha is not None and sha != pull.head:
        raise Unprocessable("Head sha does not match the expected head oid")
    pull.auto_merge = Waiting(by, method, repository.now())


def enqueue(repository: Repository, pull: Pull, by: Person, sha: str | None) -> int:
    """Its place in the queue, from 1."""
    if not repository.rules(pull.base).queue:
        raise Unprocessable("Pull request Merge queue is not enabled for this branch")
    if state(repository, pull) != "clean":
        raise Unprocessable("Pull request Pull request is not mergeable")
    if sha is not None and sha != pull.head:
        raise Unprocessable("Head sha does not match the expected head oid")
    pull.queued = pull.queued or Waiting(by, "merge", repository.now())
    return sum(each.queued is not None for each in repository.pulls() if each.base == pull.base)


def proceed(repository: Repository) -> None:
    """Merge what was waiting and has nothing left to wait for. GitHub does so by itself; here, at the next look."""
    for pull in repository.pulls():
        if pull.queued and repository.now() - pull.queued.since >= QUEUE:
            _merge(repository, pull, pull.queued.by, pull.queued.method, None, None)
        elif pull.auto_merge and state(repository, pull) == "clean":
            if repository.rules(pull.base).queue:
                enqueue(repository, pull, pull.auto_merge.by, None)
            else:
                _merge(repository, pull, pull.auto_merge.by, pull.auto_merge.method, None, None)


def _merge(repository: Repository, pull: Pull, by: Person, method: str, title: str | None, message: str | None) -> str:
    commits = list(reversed(repository.bare.log(f"{pull.base_commit}..{pull.head}", limit=250)))
    if method == "rebase":
        commit = _rebased(repository, pull, by, commits)
    else:
        subject, text = _squashed(pull, commits) if method == "squash" else _joined(repository, pull)
        whole = f"{title or subject}\n\n{text if message is None else message}".strip() + "\n"
        parents = [pull.base_commit] if method == "squash" else [pull.base_commit, pull.head]
        now = repository.now()
        web = Signature("GitHub", "noreply@github.com", now)
        tree = repository.merged_tree(pull)
        if tree is None:
            raise Denied(405, "Pull Request is not mergeable")
        commit = repository.bare.make_commit(tree, parents, whole, by.signature(now), web)
    try:
        repository.bare.point(f"refs/heads/{pull.base}", commit, pull.base_commit)
    except GitFailed:
        raise Denied(405, "Base branch was modified. Review and try the merge again.") from None
    repository.settle(pull, commit, by)
    return commit


def _joined(repository: Repository, pull: Pull) -> tuple[str, str]:
    return f"Merge pull request #{pull.number} from {repository.owner}/{pull.branch}", pull.title


def _squashed(pull: Pull, commits: list[Logged]) -> tuple[str, str]:
    """A single commit's own message; of several, the pull request's title and a list of theirs."""
    if len(commits) == 1:
        subject, _, text = commits[0].message.partition("\n")
        return f"{subject} (#{pull.number})", text.strip()
    return f"{pull.title} (#{pull.number})", "\n\n".join(f"* {each.message.strip()}" for each in commits)


def _rebased(repository: Repository, pull: Pull, by: Person, commits: list[Logged]) -> str:
    """Each commit anew on the base, by its author, committed by whoever merges; merges among them are left out."""
    onto = pull.base_commit
    for commit in commits:
        if len(commit.parents) == 1:
            tree = repository.bare.picked_tree(commit, onto)
            if tree is None:
                raise Denied(405, "This branch can't be rebased")
            committer = by.signature(repository.now())
            onto = repository.bare.make_commit(tree, [onto], f"{commit.message}\n", commit.author, committer)
    return onto
