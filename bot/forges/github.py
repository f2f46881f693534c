"""GitHub, by PyGithub: reads and writes of pull requests.

Rules of the API: https://docs.github.com/en/rest/pulls/pulls.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from github.GithubException import GithubException
from github.PullRequest import PullRequest as Found

from bot.errors import Refusal, Unavailable
from bot.forges import deployments, merging, signing
from bot.forges.api import Api
from bot.forges.credential import TIMEOUT, Credential, Token
from bot.forges.failures import said
from bot.forges.lookout import Lookout
from bot.forges.source import compare
from bot.model.address import owner_and_name
from bot.model.catalog import Repository
from bot.model.change import (
    PREFIX,
    Author,
    Comparison,
    Draft,
)
from bot.model.promotion import Report
from bot.model.pull import Nudge, Progress, PullRequest
from bot.model.secret import Secret


class GitHub:
    """Implements `Forge`, `ForgeWrites` and `Committer`. A context manager: its end closes the connections.

    Calls from several threads take turns, since PyGithub's connection is not made for sharing.
    """

    def __init__(
        self,
        api_url: str,
        credential: Secret | Credential,
        repositories: Mapping[str, Repository],
        *,
        timeout: int = TIMEOUT,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`api_url` is `https://api.github.com`, or `https://<host>/api/v3` for GitHub Enterprise Server.

        Refusal where it would send the token in the clear, or the token can't be one.
        """
        held = Token(credential) if isinstance(credential, Secret) else credential
        self._api = Api(api_url, held, timeout=timeout, clock=clock)
        self._repositories = repositories
        self._pause = pause
        self._lookout = Lookout(self._api, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()

    def pulls(self, repository: str) -> tuple[PullRequest, ...]:
        name, base = self._name(repository), self._repositories[repository].branch
        with self._api.asking(f"list the pull requests of {name}"):
            found = [
                pull
                for pull in self._api.repository(name).get_pulls(state="open", base=base)
                if pull.head.ref.startswith(PREFIX) and pull.base.repo == pull.head.repo
            ]
            login = self._api.login(name) if found else ""
            return tuple(_pull(pull, login) for pull in found)

    def pull(self, repository: str, number: int) -> PullRequest:
        name = self._name(repository)
        with self._api.asking(f"look at {name}#{number}"):
            found = self._api.repository(name).get_pull(number).complete()
            there = found.base.repo == found.head.repo and found.head.ref.startswith(PREFIX)
            return _pull(found, self._api.login(name) if there else "")

    def progress(self, repository: str, numbers: Collection[int]) -> Mapping[int, Progress]:
        return self._lookout.look(self._name(repository), numbers)

    def forget(self, nudge: Nudge) -> None:
        self._lookout.forget(self._name(nudge.repository), nudge)

    def report(self, report: Report) -> None:
        deployments.report(self._api, self._name(report.repository), report)

    def compare(self, source: str, older: str, newer: str) -> Comparison:
        return compare(self._api, source, older, newer)

    def open(self, repository: str, *, title: str, body: str, branch: str, draft: bool = False) -> PullRequest:
        """Open it, or give the one that is open already for this branch."""
        name, base = self._name(repository), self._repositories[repository].branch
        with self._api.asking(f"open a pull request for {branch} in {name}"):
            remote = self._api.repository(name)
            try:
                try:
                    made = remote.create_pull(base=base, head=branch, title=title, body=body, draft=draft)
                except GithubException as error:
                    if not (draft and _says(error, "Draft pull requests are not supported")):
                        raise
                    made = remote.create_pull(base=base, head=branch, title=title, body=body)
            except GithubException as error:
                if _says(error, "No commits between"):
                    raise Refusal(
                        f"{branch} holds no commit that {base} of {name} lacks, so there is nothing to open."
                    ) from None
                if not _says(error, "A pull request already exists"):
                    raise
                owner = name.partition("/")[0]
                for there in remote.get_pulls(state="open", head=f"{owner}:{branch}", base=base):
                    return _pull(there, self._api.login(name))
                raise Unavailable(f"The pull request for {branch} in {name} was closed just now: try again.") from None
            return _pull(made, made.user.login)

    def edit(self, repository: str, number: int, *, title: str, body: str) -> None:
        name = self._name(repository)
        with self._api.asking(f"change the text of {name}#{number}"):
            self._api.repository(name).get_pull(number).edit(title=title, body=body)

    def comment(self, repository: str, number: int, text: str) -> None:
        name = self._name(repository)
        with self._api.asking(f"comment on {name}#{number}"):
            self._api.repository(name).get_issue(number).create_comment(text)

    def close(self, repository: str, number: int, *, delete_branch: bool = False) -> None:
        """Only a branch of this repository and under our prefix is deleted."""
        name = self._name(repository)
        with self._api.asking(f"close {name}#{number}"):
            pull = self._api.repository(name).get_pull(number)
            pull.edit(state="closed")
            if delete_branch and pull.head.ref.startswith(PREFIX) and pull.base.repo == pull.head.repo:
                signing.delete(self._api, name, pull.head.ref)

    def label(self, repository: str, number: int, labels: Sequence[str]) -> None:
        name = self._name(repository)
        if labels:
            with self._api.asking(f"label {name}#{number}"):
                self._api.repository(name).get_issue(number).add_to_labels(*labels)

    def assign(self, repository: str, number: int, people: Sequence[str]) -> None:
        name = self._name(repository)
        with self._api.asking(f"assign {name}#{number}"):
            issue = self._api.repository(name).get_issue(number)
            issue.add_to_assignees(*people)
            there = {person.login.lower() for person in issue.assignees}
        # GitHub leaves out whom it can't assign, and says nothing.
        if left := [person for person in people if person.lower() not in there]:
            raise Refusal(f"GitHub did not assign {name}#{number} to {', '.join(left)}: they must be able to see it.")

    def request_review(self, repository: str, number: int, reviewers: Sequence[str]) -> None:
        """Asks all of them, and raises Refusal at the end for those whom GitHub did not accept."""
        name = self._name(repository)
        rejected = []
        for reviewer in reviewers:
            _, team, slug = reviewer.rpartition("/")
            with self._api.asking(f"ask for a review of {name}#{number}"):
                pull = self._api.repository(name).get_pull(number)
                try:
                    pull.create_review_request(**{"team_reviewers" if team else "reviewers": [slug]})
                except GithubException as error:
                    if error.status != 422:
                        raise
                    rejected.append(reviewer)
        if rejected:
            raise Refusal(
                f"GitHub did not ask {', '.join(rejected)} to review {name}#{number}: a reviewer must be able to see"
                " the repository and must not be the pull request's author."
            )

    def merge_when_ready(self, repository: str, number: int, *, head: str) -> str | None:
        return merging.merge_when_ready(self._api, self._name(repository), number, head, self._pause)

    def signed(self, repository: str, base: str, drafts: Sequence[Draft]) -> AbstractContextManager[tuple[str, ...]]:
        return signing.signed(self._api, self._name(repository), base, drafts)

    def author(self, repository: str) -> Author:
        """How GitHub writes the bot into commits, the ones of `signed` among them."""
        return self._api.author(self._name(repository))

    def _name(self, repository: str) -> str:
        """`owner/repository` of a repository of the catalog."""
        name = owner_and_name(self._repositories[repository].url)
        if name is None:
            raise Refusal(f"The URL of repository {repository} does not end in owner/name, as GitHub's do: correct it.")
        return name


def _pull(pull: Found, login: str) -> PullRequest:
    author = getattr(pull.user, "login", "ghost")  # a deleted account is null, or the user `ghost`
    merged = pull.merged_at is not None
    return PullRequest(
        number=pull.number,
        url=pull.html_url,
        title=pull.title,
        body=pull.body or "",
        branch=pull.head.ref,
        head=pull.head.sha,
        base=pull.base.ref,
        state="merged" if merged else pull.state,
        author=author,
        ours=author == login,
        draft=pull.draft,
        merged_as=pull.merge_commit_sha if merged else None,
        merged_by=getattr(pull.merged_by, "login", None) if merged else None,
        opened=pull.created_at,
    )


def _says(error: GithubException, words: str) -> bool:
    return any(text.startswith(words) for text in said(error))
