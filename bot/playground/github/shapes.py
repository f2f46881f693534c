"""Our values as the JSON of GitHub's REST API. The contract tests hold every body against GitHub's description."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.playground.github import merging
from bot.playground.github.bare import FileDiff, Logged, Signature
from bot.playground.github.pulls import Comment, Person, Pull, Review
from bot.playground.github.repository import Repository

Body = dict[str, Any]

# Names of fields, as one text each: thirty lines of one word are not easier to read.
USER_LINKS = "followers following gists starred subscriptions organizations repos events received_events"
REPOSITORY_LINKS = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments "
    "downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels "
    "languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags "
    "teams trees"
)
"""Each is a `…_url`; most lead to parts of GitHub that are not stood in for, and answer 404."""
COUNTS = (
    "forks forks_count network_count open_issues open_issues_count size stargazers_count subscribers_count watchers "
    "watchers_count"
)
MERGES = {"merge_commit": "merge", "squash_merge": "squash", "rebase_merge": "rebase"}
FALSE = "archived disabled fork has_discussions has_pages has_projects has_wiki is_template"


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def node(kind: str, number: int | str) -> str:
    return f"{kind}_{number}"


class Shapes:
    """`site` is where the pages are, `http://127.0.0.1:1234/github`; the API is below it."""

    def __init__(self, site: str) -> None:
        self.site = site.rstrip("/")
        self.api = f"{self.site}/api/v3"

    def user(self, person: Person) -> Body:
        return self.account(person.login, person.id, "Bot" if person.bot else "User")

    def authenticated(self, person: Person, since: datetime) -> Body:
        nothing = dict.fromkeys(("bio", "company", "email", "hireable", "location", "twitter_username"))
        numbers = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
        return {
            **self.user(person),
            **nothing,
            **numbers,
            "name": person.name,
            "blog": "",
            "created_at": moment(since),
            "updated_at": moment(since),
            "user_view_type": "public",
        }

    def repository(self, repository: Repository) -> Body:
        url = f"{self.api}/repos/{repository.full_name}"
        page = f"{self.site}/{repository.full_name}"
        nothing = ["description", "homepage", "language", "license", "mirror_url"]
        return {
            **{f"{name}_url": f"{url}/{name.replace('_', '/')}" for name in REPOSITORY_LINKS.split()},
            **dict.fromkeys(COUNTS.split(), 0),
            **dict.fromkeys(FALSE.split(), False),
            **dict.fromkeys(nothing),
            **dict.fromkeys(("created_at", "updated_at", "pushed_at"), moment(repository.created)),
            "id": 1,
            "node_id": node("R", 1),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.account(repository.owner, 1, "Organization"),
            "private": True,
            "visibility": "private",
            "has_issues": True,
            "has_downloads": True,
            "default_branch": repository.default_branch,
            **{f"allow_{key}": method in repository.settings.methods for key, method in MERGES.items()},
            "allow_auto_merge": repository.settings.auto_merge,
            "delete_branch_on_merge": repository.settings.delete_branch_on_merge,
            "permissions": {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True},
            "url": url,
            "html_url": page,
            "clone_url": f"{page}.git",
            "git_url": f"{page}.git",
            "ssh_url": f"{page}.git",
            "svn_url": page,
        }

    def branch(self, repository: Repository, name: str, tip: Logged) -> Body:
        url = f"{self.api}/repos/{repository.full_name}/branches/{quote(name)}"
        return {
            "name": name,
            "commit": self.commit(repository, tip),
            "_links": {"self": url, "html": f"{self.site}/{repository.full_name}/tree/{quote(name)}"},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{url}/protection",
        }

    def commit(self, repository: Repository, commit: Logged) -> Body:
        url = f"{self.api}/repos/{repository.full_name}/commits"
        git = f"{self.api}/repos/{repository.full_name}/git"
        page = f"{self.site}/{repository.full_name}/commit"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{url}/{commit.sha}",
            "html_url": f"{page}/{commit.sha}",
            "comments_url": f"{url}/{commit.sha}/comments",
            "author": self._known(repository, commit.author),
            "committer": self._known(repository, commit.committer),
            "parents": [{"sha": sha, "url": f"{url}/{sha}", "html_url": f"{page}/{sha}"} for sha in commit.parents],
            "commit": {
                "url": f"{git}/commits/{commit.sha}",
                "author": _signature(commit.author),
                "committer": _signature(commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": f"{git}/trees/{commit.tree}"},
                "comment_count": 0,
            },
        }

    def verified_commit(self, repository: Repository, commit: Logged) -> Body:
        """As it is alone, with what takes a look at its signature."""
        listed = self.commit(repository, commit)
        return listed | {"commit": listed["commit"] | {"verification": self._verification(repository, commit.sha)}}

    def ref(self, repository: Repository, name: str, commit: str) -> Body:
        """`name` is without `refs/`."""
        git = f"{self.api}/repos/{repository.full_name}/git"
        return {
            "ref": f"refs/{name}",
            "node_id": node("REF", name),
            "url": f"{git}/refs/{quote(name)}",
            "object": {"type": "commit", "sha": commit, "url": f"{git}/commits/{commit}"},
        }

    def comparison(
        self, repository: Repository, ends: Sequence[str], fork: str, page: Sequence[Logged], counts: tuple[int, int]
    ) -> Body:
        """`page` is some of the commits that the second end alone has; `counts`: all of those, and of the first's."""
        base, _ = (repository.bare.commit_id(end) or end for end in ends)
        ahead, behind = counts
        words = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
        named = "...".join(map(quote, ends))
        url = f"{self.api}/repos/{repository.full_name}/compare/{named}"
        page_url = f"{self.site}/{repository.full_name}/compare/{named}"
        return {
            "url": url,
            "html_url": page_url,
            "permalink_url": page_url,
            "diff_url": f"{page_url}.diff",
            "patch_url": f"{page_url}.patch",
            "base_commit": self.commit(repository, repository.bare.log(base, 1)[0]),
            "merge_base_commit": self.commit(repository, repository.bare.log(fork, 1)[0]),
            "status": words[ahead > 0, behind > 0],
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": [self.commit(repository, each) for each in page],
            "files": [],
        }

    def pull_node(self, repository: Repository, pull: Pull) -> str:
        return node("PR", f"{repository.full_name}-{pull.number}")

    def pull(self, repository: Repository, pull: Pull) -> Body:
        """As lists have it."""
        url = f"{self.api}/repos/{repository.full_name}/pulls/{pull.number}"
        issue = f"{self.api}/repos/{repository.full_name}/issues/{pull.number}"
        page = f"{self.site}/{repository.full_name}/pull/{pull.number}"
        links = {
            "comments_url": f"{issue}/comments",
            "commits_url": f"{url}/commits",
            "html_url": page,
            "issue_url": issue,
            "review_comment_url": f"{self.api}/repos/{repository.full_name}/pulls/comments{{/number}}",
            "review_comments_url": f"{url}/comments",
            "statuses_url": f"{self.api}/repos/{repository.full_name}/statuses/{pull.head}",
        }
        owner = self.account(repository.owner, 1, "Organization")
        ends = {
            end: {
                "label": f"{repository.owner}:{branch}",
                "ref": branch,
                "sha": sha,
                "repo": self.repository(repository),
                "user": owner,
            }
            for end, branch, sha in (("head", pull.branch, pull.head), ("base", pull.base, pull.base_commit))
        }
        related = {name.removesuffix("_url"): {"href": link} for name, link in links.items()}
        return {
            **links,
            **ends,
            **dict.fromkeys(("milestone", "active_lock_reason")),
            **self._assigned(pull),
            "auto_merge": self._auto_merge(pull),
            "_links": related | {"self": {"href": url}},
            "url": url,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "id": pull.number,
            "node_id": self.pull_node(repository, pull),
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "draft": pull.draft,
            "title": pull.title,
            "body": pull.body or None,
            "user": self.user(pull.author),
            "author_association": "MEMBER",
            "labels": self.labels(repository, pull),
            "requested_reviewers": [self.user(person) for person in pull.reviewers],
            "requested_teams": [self._team(repository, slug) for slug in pull.teams],
            "created_at": moment(pull.created),
            "updated_at": moment(pull.updated),
            "closed_at": moment(pull.closed),
            "merged_at": moment(pull.merged),
            "merge_commit_sha": pull.merge_commit,
        }

    def full_pull(self, repository: Repository, pull: Pull) -> Body:
        """As it is alone, with what takes a look at Git."""
        files = repository.diff(pull)
        judged = merging.state(repository, pull)
        mergeable = None if judged == "unknown" else judged != "dirty"
        return self.pull(repository, pull) | {
            "merged": pull.merged is not None,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "mergeable": mergeable,
            "mergeable_state": judged,
            "rebaseable": mergeable,
            "maintainer_can_modify": False,
            "comments": len(pull.comments),
            "review_comments": 0,
            "commits": repository.commits(pull),
            "additions": sum(file.additions for file in files),
            "deletions": sum(file.deletions for file in files),
            "changed_files": len(files),
        }

    def issue(self, repository: Repository, pull: Pull) -> Body:
        """The pull request as the issue that it is too."""
        listed = self.pull(repository, pull)
        url = listed["issue_url"]
        links = {name: listed[name] for name in ("url", "html_url", "diff_url", "patch_url")}
        same = (
            "id node_id number title user labels state locked assignee assignees milestone created_at updated_at "
            "closed_at author_association body html_url comments_url active_lock_reason draft"
        )
        return {name: listed[name] for name in same.split()} | {
            "url": url,
            "repository_url": f"{self.api}/repos/{repository.full_name}",
            "labels_url": f"{url}/labels{{/name}}",
            "events_url": f"{url}/events",
            "comments": len(pull.comments),
            "pull_request": links | {"merged_at": listed["merged_at"]},
        }

    def file(self, repository: Repository, pull: Pull, file: FileDiff) -> Body:
        path = quote(file.path)
        page = f"{self.site}/{repository.full_name}"
        return {
            "sha": file.blob,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": f"{page}/blob/{pull.head}/{path}",
            "raw_url": f"{page}/raw/{pull.head}/{path}",
            "contents_url": f"{self.api}/repos/{repository.full_name}/contents/{path}?ref={pull.head}",
            **({"patch": file.patch} if file.patch else {}),
        }

    def labels(self, repository: Repository, pull: Pull) -> list[Body]:
        url = f"{self.api}/repos/{repository.full_name}/labels"
        return [
            {
                "id": number,
                "node_id": node("LA", number),
                "url": f"{url}/{quote(name)}",
                "name": name,
                "description": "",
                "color": "ededed",
                "default": False,
            }
            for number, name in enumerate(pull.labels, 1)
        ]

    def review(self, repository: Repository, pull: Pull, review: Review) -> Body:
        page = f"{self.site}/{repository.full_name}/pull/{pull.number}#pullrequestreview-{review.id}"
        url = f"{self.api}/repos/{repository.full_name}/pulls/{pull.number}"
        return {
            "id": review.id,
            "node_id": node("PRR", review.id),
            "user": self.user(review.person),
            "body": review.body,
            "state": review.state,
            "html_url": page,
            "pull_request_url": url,
            "author_association": "MEMBER",
            "_links": {"html": {"href": page}, "pull_request": {"href": url}},
            "submitted_at": moment(review.at),
            "commit_id": review.commit,
        }

    def comment(self, repository: Repository, pull: Pull, comment: Comment) -> Body:
        issues = f"{self.api}/repos/{repository.full_name}/issues"
        return {
            "id": comment.id,
            "node_id": node("IC", comment.id),
            "url": f"{issues}/comments/{comment.id}",
            "html_url": f"{self.site}/{repository.full_name}/pull/{pull.number}#issuecomment-{comment.id}",
            "issue_url": f"{issues}/{pull.number}",
            "user": self.user(comment.person),
            "body": comment.body,
            "author_association": "MEMBER",
            "created_at": moment(comment.at),
            "updated_at": moment(comment.at),
        }

    def _known(self, repository: Repository, signature: Signature) -> Body | None:
        person = repository.author(signature)
        return self.user(person) if person else None

    def _verification(self, repository: Repository, commit: str) -> Body:
        signature, payload = repository.bare.signature(commit)
        verified = repository.verified(commit)
        return {
            "verified": verified,
            "reason": "valid" if verified else "unknown_key" if signature else "unsigned",
            "signature": signature or None,
            "payload": payload if signature else None,
            "verified_at": moment(repository.created) if verified else None,
        }

    def _assigned(self, pull: Pull) -> Body:
        people = [self.user(person) for person in pull.assignees]
        return {"assignee": people[0] if people else None, "assignees": people}

    def _auto_merge(self, pull: Pull) -> Body | None:
        if pull.auto_merge is None:
            return None
        asked = pull.auto_merge
        return {
            "enabled_by": self.user(asked.by),
            "merge_method": asked.method,
            "commit_title": "",
            "commit_message": "",
        }

    def account(self, login: str, number: int, kind: str) -> Body:
        url = f"{self.api}/users/{quote(login)}"
        return {
            **{f"{name}_url": f"{url}/{name}" for name in USER_LINKS.split()},
            "id": number,
            "node_id": node(kind[0], number),
            "login": login,
            "type": kind,
            "site_admin": False,
            "gravatar_id": "",
            "avatar_url": f"{self.site}/avatars/{number}",
            "html_url": f"{self.site}/{quote(login)}",
            "url": url,
        }

    def _team(self, repository: Repository, slug: str) -> Body:
        url = f"{self.api}/orgs/{repository.owner}/teams/{slug}"
        return {
            "id": 1,
            "node_id": node("T", 1),
            "name": slug,
            "slug": slug,
            "description": None,
            "permission": "push",
            "type": "organization",
            "organization_id": 1,
            "parent": None,
            "url": url,
            "html_url": f"{self.site}/orgs/{repository.owner}/teams/{slug}",
            "members_url": f"{url}/members{{/member}}",
            "repositories_url": f"{url}/repos",
        }


def _signature(signature: Signature) -> Body:
    return {"name": signature.name, "email": signature.email, "date": moment(signature.at)}
