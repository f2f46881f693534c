"""A repository's pull requests: what may be done to them, and how they follow Git. Knows nothing of HTTP.

What can't be done raises Denied with the status and words of GitHub's REST API
(https://docs.github.com/en/rest/pulls/pulls), since clients tell the cases apart by them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

from bot.playground.github.bare import Bare, FileDiff, GitFailed, Signature
from bot.playground.github.checks import Check, Deployed, Deployment, Status
from bot.playground.github.denied import Denied, invalid, unprocessable
from bot.playground.github.pulls import Comment, Person, Pull, Review
from bot.playground.github.rules import OPEN, Protection, Settings
from bot.playground.github.signing import Signer

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
        self.signer = Signer()
        self.settings = Settings()
        self.protected: dict[str, Protection] = {}
        """Branches' rules, where they have any."""
        self._people = people
        self._teams = teams
        self.now = now
        self._pulls: dict[int, Pull] = {}
        self._ids = count(1)
        self._checks: dict[str, dict[str, Check]] = {}
        self._statuses: dict[str, list[Status]] = {}
        """Of commits, oldest first."""
        self.deployments: list[Deployment] = []
        self._merged_trees: dict[tuple[str, str], str | None] = {}

    def commit(
        self, branch: str, files: Mapping[str, bytes | None], message: str, by: Person, start: str = "main"
    ) -> str:
        """Commit as a person would by hand, on a branch made from `start` where it is new."""
        tips = self.bare.branches()
        return self.bare.commit(branch, files, message, by.signature(self.now()), tips.get(branch) or tips[start])

    def sign_commit(self, parent: str, files: Mapping[str, bytes | None], message: str, by: Person) -> str:
        """A commit made by the forge itself, and signed; no branch moves."""
        now = self.now()
        web = Signature("GitHub", "noreply@github.com", now)
        commit = self.bare.loose_commit(files, message, by.signature(now), web, parent)
        return self.bare.sign(commit, self.signer.sign)

    def verified(self, commit: str) -> bool:
        """Whether the forge signed it."""
        signature, payload = self.bare.signature(commit)
        return bool(signature) and self.signer.made(signature, payload)

    def pulls(self) -> list[Pull]:
        """All pull requests, oldest first, as the refs are now."""
        self._follow()
        return list(self._pulls.values())

    def pull(self, number: int) -> Pull:
        self._follow()
        if number not in self._pulls:
            raise Denied(404, "Not Found")
        return self._pulls[number]

    def open(self, by: Person, *, title: str, body: str, head: str, base: str, draft: bool = False) -> Pull:
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
        if draft and not self.settings.drafts:
            raise Denied(422, "Draft pull requests are not supported in this repository.")
        number = len(self._pulls) + 1
        now = self.now()
        self._pulls[number] = Pull(number, title, body, branch, base, by, now, now, tips[branch], tips[base], draft)
        self._keep(self._pulls[number])
        return self._pulls[number]

    def edit(
        self,
        pull: Pull,
        *,
        title: str | None = None,
        body: str | None = None,
        state: str | None = None,
        draft: bool | None = None,
        by: Person | None = None,
    ) -> None:
        _check_text(pull.title if title is None else title, pull.body if body is None else body)
        if state not in (None, "open", "closed"):
            raise invalid("PullRequest", "state")
        pull.title = pull.title if title is None else title
        pull.body = pull.body if body is None else body
        pull.draft = pull.draft if draft is None else draft
        pull.updated = self.now()
        if state == "closed" and not pull.closed:
            pull.closed, pull.closed_by = self.now(), by
            pull.auto_merge = pull.queued = None
        elif state == "open" and pull.closed:
            if pull.merged or pull.branch not in self.bare.branches():
                raise unprocessable("PullRequest", "state cannot be changed.", "state")
            pull.closed = pull.closed_by = None

    def merged_tree(self, pull: Pull) -> str | None:
        """What merging would give; None if it is closed or conflicts."""
        if pull.closed:
            return None
        ends = (pull.base_commit, pull.head)
        if ends not in self._merged_trees:
            self._merged_trees[ends] = self.bare.merged_tree(*ends)
        return self._merged_trees[ends]

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
        review = Review(next(self._ids), by, REVIEWS[event], body, self.now(), pull.head)
        pull.reviews.append(review)
        pull.reviewers = [person for person in pull.reviewers if person != by]
        pull.updated = self.now()
        return review

    def opinions(self, pull: Pull) -> list[Review]:
        """The last word of each."""
        return list({review.person.login: review for review in pull.reviews if review.state != "COMMENTED"}.values())

    def approvals(self, pull: Pull) -> list[Person]:
        """Whose last word on it is yes."""
        return [review.person for review in self.opinions(pull) if review.state == "APPROVED"]

    def decision(self, pull: Pull) -> str | None:
        """What the reviews come to by the rules of its base; None where that asks for none."""
        if not self.rules(pull.base).approvals:
            return None
        if any(review.state == "CHANGES_REQUESTED" for review in self.opinions(pull)):
            return "CHANGES_REQUESTED"
        return "REVIEW_REQUIRED" if self.missing_approvals(pull) else "APPROVED"

    def checks(self, commit: str) -> list[Check]:
        return list(self._checks.get(commit, {}).values())

    def statuses(self, commit: str) -> list[Status]:
        """The newest of each context."""
        return list({each.context: each for each in self._statuses.get(commit, [])}.values())

    def all_statuses(self, commit: str) -> list[Status]:
        """Oldest first."""
        return list(self._statuses.get(commit, []))

    def tell(self, commit: str, by: Person, context: str, state: str, description: str = "", url: str = "") -> Status:
        told = Status(next(self._ids), context, state, description, url, by, self.now())
        self._statuses.setdefault(commit, []).append(told)
        return told

    def deploy(
        self, by: Person, ref: str, sha: str, environment: str, *, description: str, task: str, production: bool
    ) -> Deployment:
        made = Deployment(next(self._ids), ref, sha, environment, task, description, production, by, self.now())
        self.deployments.append(made)
        return made

    def tell_deployment(
        self, made: Deployment, by: Person, state: str, description: str, url: str, *, others: bool
    ) -> Deployed:
        """`others`: those of the environment that succeeded before, production aside, are inactive from then on."""
        told = Deployed(next(self._ids), state, description, url, by, self.now())
        made.told.append(told)
        for other in self.deployments if others and state == "success" else ():
            same = other is not made and other.environment == made.environment and not other.production
            if same and other.state == "success":
                other.told.append(Deployed(next(self._ids), "inactive", "", "", by, self.now()))
        return told

    def check(self, commit: str, name: str, lasts: timedelta | None = None, conclusion: str = "SUCCESS") -> None:
        """Have a check run, anew if there is one of that name; without a duration, until it is concluded."""
        self._checks.setdefault(commit, {})[name] = Check(name, self.now(), lasts, conclusion)

    def conclude(self, commit: str, name: str, conclusion: str) -> None:
        """It ends now, so, whatever it was about to end with."""
        self.check(commit, name, timedelta(0), conclusion)

    def missing_checks(self, pull: Pull) -> list[str]:
        """What the rules of its base ask for that has not passed on its head."""
        now = self.now()
        passed = {each.name for each in self.checks(pull.head) if each.is_done(now) and each.conclusion == "SUCCESS"}
        passed |= {each.context for each in self.statuses(pull.head) if each.state == "success"}
        return [name for name in self.rules(pull.base).checks if name not in passed]

    def comment(self, pull: Pull, by: Person, body: str) -> Comment:
        _check_text("-", body)
        if not body.strip():
            raise invalid("IssueComment", "body", "missing_field")
        comment = Comment(next(self._ids), by, body, self.now())
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

    def assign(self, pull: Pull, logins: Sequence[str]) -> None:
        """Those who can't be assigned are left out without a word, as GitHub does."""
        known = [self._people[login] for login in logins if login in self._people]
        pull.assignees.extend(person for person in known if person not in pull.assignees)

    def rules(self, branch: str) -> Protection:
        return self.protected.get(branch, OPEN)

    def missing_approvals(self, pull: Pull) -> int:
        return max(self.rules(pull.base).approvals - len(self.approvals(pull)), 0)

    def settle(self, pull: Pull, commit: str, by: Person | None) -> None:
        """It was merged, as this commit."""
        pull.merged = pull.closed = pull.updated = self.now()
        pull.merge_commit, pull.merged_by = commit, by
        pull.auto_merge = pull.queued = None
        if by is not None and self.settings.delete_branch_on_merge:
            self.bare.delete_branch(pull.branch)

    def author(self, signature: Signature) -> Person | None:
        """Whose address a commit carries."""
        found = (person for person in self._people.values() if person.signature(signature.at).email == signature.email)
        return next(found, None)

    def create_branch(self, branch: str, commit: str) -> None:
        if branch in self.bare.branches():
            raise Denied(422, "Reference already exists")
        self._move(branch, commit)

    def move_branch(self, branch: str, commit: str, *, force: bool) -> None:
        tip = self.bare.branches().get(branch)
        if tip is None:
            raise Denied(422, "Reference does not exist")
        if not force and not self.bare.contains(commit, tip):
            raise Denied(422, "Update is not a fast forward")
        self._move(branch, commit)

    def _move(self, branch: str, commit: str) -> None:
        if self.rules(branch).pulls:
            raise Denied(422, "Changes must be made through a pull request.")
        if self.bare.commit_id(commit) is None:
            raise Denied(422, "Object does not exist")
        try:
            self.bare.point(f"refs/heads/{branch}", commit)
        except GitFailed:
            raise Denied(422, "Reference name must be a valid ref name") from None

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
                self.settle(pull, base, None)
            elif not base or not head or self.bare.contains(base, head):
                pull.closed = pull.updated = self.now()
            else:
                pull.looks = 0
                pull.head, pull.base_commit, pull.updated = head, base, self.now()
                self._keep(pull)
        return tips

    def _keep(self, pull: Pull) -> None:
        """A ref of its own, so that its commits outlive the branch."""
        self.bare.point(f"refs/pull/{pull.number}/head", pull.head)
        for name, lasts in self.settings.checks.items():
            if name not in self._checks.get(pull.head, {}):
                self.check(pull.head, name, lasts)


def _check_text(title: str, body: str) -> None:
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    for field, text, limit in (("title", title, MAX_TITLE), ("body", body, MAX_BODY)):
        if len(text) > limit:
            raise unprocessable("Issue", f"{field} is too long (maximum is {limit} characters)", field)
