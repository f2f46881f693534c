"""What the buttons of a pull request's page do, each as the person chosen beside it; merging is in `merging`.

What can't be done raises Denied, or merging's Unprocessable, with GitHub's words.
"""

from collections.abc import Callable, Mapping

from bot.playground.github import merging
from bot.playground.github.bare import GitFailed
from bot.playground.github.denied import Denied
from bot.playground.github.pulls import Person, Pull
from bot.playground.github.repository import Repository

Form = Mapping[str, str]
Act = Callable[[Repository, Pull, Person, Form], object]


def review(event: str) -> Act:
    return lambda repository, pull, by, form: repository.review(pull, by, event, form.get("body", ""))


def conclude(conclusion: str) -> Act:
    """Have the checks of its head end so: those that run or, once none does, all."""

    def act(repository: Repository, pull: Pull, _by: Person, _form: Form) -> None:
        checks = repository.checks(pull.head)
        running = [each for each in checks if not each.is_done(repository.now())]
        for each in running or checks:
            repository.conclude(pull.head, each.name, conclusion)

    return act


def rerun(repository: Repository, pull: Pull, _by: Person, _form: Form) -> None:
    for name, lasts in repository.settings.checks.items():
        repository.check(pull.head, name, lasts)


def push(repository: Repository, pull: Pull, by: Person, _form: Form) -> str:
    """Rewrite its branch: the same files in one commit of theirs, and a note of it."""
    files = {file.path: repository.bare.read(pull.head, file.path) for file in repository.diff(pull)}
    note = f"notes/{pull.number}.md"
    text = f"{by.name} changed this branch.\n"
    now = repository.now()
    changed = {**files, note: text.encode()}
    who = by.signature(now)
    commit = repository.bare.loose_commit(changed, f"{pull.title}\n\nAmended.", who, who, pull.base_commit)
    repository.bare.point(f"refs/heads/{pull.branch}", commit)
    return commit


def merge_by_hand(repository: Repository, pull: Pull, by: Person, _form: Form) -> None:
    """As with `git merge` and `git push`: the branch moves, and GitHub finds out."""
    tree = repository.merged_tree(pull)
    if tree is None:
        raise Denied(405, "Pull Request is not mergeable")
    who = by.signature(repository.now())
    message = f"Merge branch '{pull.branch}'\n"
    commit = repository.bare.make_commit(tree, [pull.base_commit, pull.head], message, who, who)
    repository.bare.point(f"refs/heads/{pull.base}", commit, pull.base_commit)
    repository.pull(pull.number).merged_by = by


def revert(repository: Repository, pull: Pull, by: Person, _form: Form) -> Pull:
    """Open the pull request that takes it back, as GitHub words it."""
    if pull.merge_commit is None:
        raise Denied(405, "Only what is merged can be reverted")
    tip = repository.bare.branches()[pull.base]
    tree = repository.bare.reverted_tree(pull.merge_commit, tip)
    if tree is None:
        raise Denied(405, "Sorry, this pull request couldn't be reverted automatically.")
    who = by.signature(repository.now())
    title = f'Revert "{pull.title}"'
    branch = f"revert-{pull.number}-{pull.branch}"
    commit = repository.bare.make_commit(tree, [tip], f"{title}\n", who, who)
    try:
        repository.bare.point(f"refs/heads/{branch}", commit)
    except GitFailed:
        raise Denied(422, "Reference already exists") from None
    body = f"Reverts {repository.full_name}#{pull.number}"
    return repository.open(by, title=title[:256], body=body, head=branch, base=pull.base)


ACTS: dict[str, Act] = {
    "approve": review("APPROVE"),
    "request": review("REQUEST_CHANGES"),
    "comment": lambda repository, pull, by, form: repository.comment(pull, by, form.get("body", "")),
    "close": lambda repository, pull, by, _form: repository.edit(pull, state="closed", by=by),
    "reopen": lambda repository, pull, by, _form: repository.edit(pull, state="open", by=by),
    "ready": lambda repository, pull, _by, _form: repository.edit(pull, draft=False),
    "merge": lambda repository, pull, by, form: merging.merge(
        repository, pull, by, form.get("method", "merge"), sha=form.get("head")
    ),
    "enqueue": lambda repository, pull, by, form: merging.enqueue(repository, pull, by, form.get("head")),
    "delete": lambda repository, pull, _by, _form: repository.delete_branch(pull.branch),
    "pass": conclude("SUCCESS"),
    "fail": conclude("FAILURE"),
    "rerun": rerun,
    "push": push,
    "by-hand": merge_by_hand,
    "revert": revert,
}
