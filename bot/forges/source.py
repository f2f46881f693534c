"""What happened in a service's source between two versions (https://docs.github.com/en/rest/commits/commits).

Versions are an image's tags; which commit each was built from is told by the source's tags, or by the version itself.
"""

import math
import re

from github.Commit import Commit
from github.GithubException import GithubException
from github.Repository import Repository

from bot.errors import Refusal
from bot.forges.api import PAGE, Api
from bot.forges.failures import status
from bot.model.change import Comparison, Entry

PAGES = 3
"""Pages of commits that are told at most, the newest; GitHub gives the oldest first."""
BUILT_FROM = re.compile(r"(?:.*[-_.])?(?:sha-|g)?([0-9a-f]{7,40})")
"""Tags that end in the commit they were built from: `main-1a2b3c4`, `sha-1a2b3c4`, `v1.2-3-g1a2b3c4`."""
PULL = re.compile(r"Merge pull request #(\d+) |.*\(#(\d+)\)\s*$")


def compare(api: Api, source: str, older: str, newer: str) -> Comparison:
    with api.asking(f"compare {older} and {newer} in {source}"):
        remote = api.repository(source)
        ends = [_ref(remote, source, version) for version in (older, newer)]
        found = remote.compare(*ends, comparison_commits_per_page=PAGE)
        last = math.ceil(found.total_commits / PAGE)
        pages = [found.commits.get_page(number) for number in range(max(last - PAGES, 0), last)]
        newest_first = tuple(_entry(each) for page in reversed(pages) for each in reversed(page))
        return Comparison(found.html_url, newest_first, found.total_commits, found.behind_by)


def _ref(remote: Repository, source: str, version: str) -> str:
    """The tag or commit that a version means in the source."""
    tag = version.partition("@")[0]
    if tag.startswith("sha256:"):
        raise Refusal(f"The digest {tag[:19]}… does not tell which commit of {source} it was built from.")
    tags = [tag, tag[1:] if tag.startswith("v") else f"v{tag}"]
    built = BUILT_FROM.fullmatch(tag)
    for ref in [*(f"tags/{each}" for each in tags), *([built[1]] if built else [])]:
        try:
            if ref.startswith("tags/"):
                remote.get_git_ref(ref).complete()
                return ref.removeprefix("tags/")
            return remote.get_commit(ref).complete().sha
        except GithubException as error:
            if status(error) not in (404, 409, 422):
                raise
    raise Refusal(
        f"{source} has no tag {tags[0]} or {tags[1]}, or the bot may not read it: what changed there can't be told."
    )


def _entry(commit: Commit) -> Entry:
    subject = commit.commit.message.partition("\n")[0]
    found = PULL.match(subject)
    number = found and (found[1] or found[2])
    return Entry(
        sha=commit.sha,
        subject=subject,
        author=getattr(commit.author, "login", commit.commit.author.name),  # null where no account has the address
        url=commit.html_url,
        pull=int(number) if number else None,
    )
