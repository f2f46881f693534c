"""A repository's pull requests: what may be done to them, and how they follow Git. Knows nothing of HTTP.

What can't be done raises Denied with the status and words of GitHub's REST API
(https://docs.github.com/en/rest/pulls/pulls), since clients tell the cases apart by them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import count

from bot.playground.github.bare import Bare, FileDiff, GitFailed, Signature
from bot.playground.github.denied import Denied, invalid, unprocessable
from bot.playground.github.pulls import Comment, Person, Pull, Review

MAX_TITLE = 256
MAX_BODY = 65_536
"""Characters, of pull requests and comments alike."""
REVIEWS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


class Repository:
    def __init__(
        self, name: str, bare: Bare, people: Mapping[str, Person], teams: Collection[str], now: Callable[[], datetime]
    ) -> None:
        """`name` is `owner/repository`; `teams` are slugs of the owner's teams."""
        self.full_name = name
        self.owner, _, self.name = name.partition("/")
        self.bare = bare
        self.created = now()
        self.default_branch = "main"
        self._people = people
        self._teams = teams
        self._now = now
        self._pulls: dict[int, Pull] = {}
        self._ids = count(1)

    def commit(
        self, branch: str, files: Mapping[str, bytes | None], message: str, by: Person, start: str = "main"
    ) -> str:
        """Commit as a person would by hand, on a branch made from `start` where it is new."""
        tips = self.bare.branches()
        return self.bare.commit(branch, files, message, by.signature(self._now()), tips.get(branch) or tips[start])

    def pulls(self) -> list[Pull]:
        """All pull requests, oldest first, as the refs are now."""
        self._follow()
        return list(self._pulls.values())

    def pull(self, number: int) -> Pull:
        self._follow()
        if number not in self._pulls:
            raise Denied(404, "Not Found")
        return self._pulls[number]

    def open(self, by: Person, *, title: str, body: str, head: str, base: str) -> Pull:
        """`head` is a branch, or `owner:branch`; from other repositories there are none here."""
        owner, _, branch = head.rpartition(":")
        tips = self._follow()
        _check_text(title, body)
        if owner not in ("", self.owner) or branch not in tips:
            raise invalid("PullRequest", "head")
        if base not in tips:
            raise invalid("PullRequest", "base")
        if any(pull.state == "open" and (pull.branch, pull.base) == (branch, base) for pull in self._pulls.values()):
            raise unprocessable("PullRequest", f"A pull request already exists for {self.owner}:{branch}.")
        if self.bare.contains(tips[base], tips[branch]):
            raise unprocessable("PullRequest", f"No commits between {base} and {branch}")
        number = len(self._pulls) + 1
        now = self._now()
        self._pulls[number] = Pull(number, title, body, branch, base, by, now, now, tips[branch], tips[base])
        self._keep(self._pulls[number])
        return self._pulls[number]

    def edit(self, pull: Pull, *, title: str | None = None, body: str | None = None, state: str | None = None) -> None:
        _check_text(pull.title if title is None else title, pull.body if body is None else body)
        if state not in (None, "open", "closed"):
            raise invalid("PullRequest", "state")
        pull.title = pull.title if title is None else title
        pull.body = pull.body if body is None else body
        pull.updated = self._now()
        if state == "closed" and not pull.closed:
            pull.closed = self._now()
        elif state == "open" and pull.closed:
            if pull.merged or pull.branch not in self.bare.branches():
                raise unprocessable("PullRequest", "state cannot be changed.", "state")
            pull.closed = None

    def merge(
        self, pull: Pull, by: Person, *, sha: str | None = None, squash: bool = False, message: str | None = None
    ) -> str:
        """The commit on the base. `message` is the commit's body, where it is not the usual one."""
        tree = self.merged_tree(pull)
        if tree is None:
            raise Denied(405, "Pull Request is not mergeable")
        if sha is not None and sha != pull.head:
            raise Denied(409, "Head branch was modified. Review and try the merge again.")
        if squash:
            usual_subject, usual = self._squashed(pull)
            subject, parents = f"{usual_subject} (#{pull.number})", [pull.base_commit]
            text = usual if message is None else message
        else:
            subject = f"Merge pull request #{pull.number} from {self.owner}/{pull.branch}"
            parents, text = [pull.base_commit, pull.head], pull.title if message is None else message
        now = self._now()
        web = Signature("GitHub", "noreply@github.com", now)
        commit = self.bare.make_commit(tree, parents, f"{subject}\n\n{text}".strip() + "\n", by.signature(now), web)
        try:
            self.bare.point(f"refs/heads/{pull.base}", commit, pull.base_commit)
        except GitFailed:
            raise Denied(405, "Base branch was modified. Review and try the merge again.") from None
        self._settle(pull, commit, by)
        return commit

    def _squashed(self, pull: Pull) -> tuple[str, str]:
        """GitHub's default for a squash: a single commit's own message; of several, the title and a list of them."""
        messages = [each.message for each in reversed(self.bare.log(f"{pull.base_commit}..{pull.head}"))]
        if len(messages) == 1:
            subject, _, text = messages[0].partition("\n")
            return subject, text.strip()
        return pull.title, "\n\n".join(f"* {each.strip()}" for each in messages)

    def merged_tree(self, pull: Pull) -> str | None:
        """What merging would give; None if it is closed or conflicts."""
        return None if pull.closed else self.bare.merged_tree(pull.base_commit, pull.head)

    def diff(self, pull: Pull) -> list[FileDiff]:
        return self.bare.diff(pull.base_commit, pull.head)

    def commits(self, pull: Pull) -> int:
        return self.bare.count(pull.base_commit, pull.head)

    def review(self, pull: Pull, by: Person, event: str, body: str) -> Review:
        if event not in REVIEWS:
            raise Denied(422, "Unprocessable Entity", [])
        if by == pull.author and event != "COMMENT":
            what = "approve" if event == "APPROVE" else "request changes on"
            raise Denied(422, f"Can not {what} your own pull request")
        review = Review(next(self._ids), by, REVIEWS[event], body, self._now(), pull.head)
        pull.reviews.append(review)
        pull.reviewers = [person for person in pull.reviewers if person != by]
        return review

    def approvals(self, pull: Pull) -> list[Person]:
        """Whose last word on it is yes."""
        last = {review.person.login: review for review in pull.reviews if review.state != "COMMENTED"}
        return [review.person for review in last.values() if review.state == "APPROVED"]

    def comment(self, pull: Pull, by: Person, body: str) -> Comment:
        _check_text("-", body)
        if not body.strip():
            raise invalid("IssueComment", "body", "missing_field")
        comment = Comment(next(self._ids), by, body, self._now())
        pull.comments.append(comment)
        return comment

    def label(self, pull: Pull, names: Sequence[str]) -> None:
        """Labels that the repository doesn't have yet come into being."""
        if any(not name.strip() or len(name) > 50 for name in names):
            raise invalid("Label", "name")
        pull.labels.extend(name for name in dict.fromkeys(names) if name not in pull.labels)

    def request(self, pull: Pull, logins: Sequence[str], teams: Sequence[str]) -> None:
        """Ask for reviews: all or none, since one unknown name spoils the whole request."""
        if pull.author.login in logins:
            raise Denied(422, "Review cannot be requested from pull request author.")
        if any(login not in self._people for login in logins) or any(team not in self._teams for team in teams):
            raise Denied(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified "
                f"is not a collaborator of the {self.full_name} repository.",
            )
        known = [self._people[login] for login in logins]
        pull.reviewers.extend(person for person in known if person not in pull.reviewers)
        pull.teams.extend(team for team in teams if team not in pull.teams)

    def delete_branch(self, branch: str) -> None:
        if branch not in self.bare.branches():
            raise Denied(422, "Reference does not exist")
        self.bare.delete_branch(branch)

    def _follow(self) -> dict[str, str]:
        """Let open pull requests see what was pushed: a new head, a deleted branch, a merge made by hand.

        Gives the tips that they were held against.
        """
        tips = self.bare.branches()
        for pull in self._pulls.values():
            head, base = tips.get(pull.branch), tips.get(pull.base)
            if pull.closed or (head, base) == (pull.head, pull.base_commit):
                continue
            if base and self.bare.contains(base, pull.head):
                self._settle(pull, base, None)
            elif not base or not head or self.bare.contains(base, head):
                pull.closed = pull.updated = self._now()
            else:
                pull.head, pull.base_commit, pull.updated = head, base, self._now()
                self._keep(pull)
        return tips

    def _settle(self, pull: Pull, commit: str, by: Person | None) -> None:
        pull.merged = pull.closed = pull.updated = self._now()
        pull.merge_commit, pull.merged_by = commit, by

    def _keep(self, pull: Pull) -> None:
        """A ref of its own, so that its commits outlive the branch."""
        self.bare.point(f"refs/pull/{pull.number}/head", pull.head)


def _check_text(title: str, body: str) -> None:
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    for field, text, limit in (("title", title, MAX_TITLE), ("body", body, MAX_BODY)):
        if len(text) > limit:
            raise unprocessable("Issue", f"{field} is too long (maximum is {limit} characters)", field)
