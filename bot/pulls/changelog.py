"""What two versions of a service differ by, as a list: the pull requests merged between them, then single commits."""

from collections.abc import Iterable

from bot.markdown import bullets, link, text
from bot.model.change import Comparison, Entry

LISTED = 10
"""Pull requests and commits that are listed; the link has all."""
_MERGES = ("Merge branch ", "Merge remote-tracking branch ")


def listed(news: Comparison, source: str) -> str:
    """Markdown. Commits of one pull request are one entry; those that only bring a branch up to date are left out."""
    groups = _grouped(news.entries)
    lines = [_entry(group[0]) for group in groups[:LISTED]]
    if more := news.total - len(news.entries) + sum(map(len, groups[LISTED:])):
        lines.append(f"and {more} more")
    return f"{link(commits(news.total), news.url)} in {text(source)}.\n\n{bullets(lines)}".rstrip()


def commits(count: int) -> str:
    """`1 commit`, `No commits`."""
    return f"{count or 'No'} commit{'s' if count != 1 else ''}"


def _grouped(entries: Iterable[Entry]) -> list[list[Entry]]:
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        if not entry.subject.startswith(_MERGES):
            groups.setdefault(entry.pull or entry.sha, []).append(entry)
    return sorted(groups.values(), key=lambda group: group[0].pull is None)


def _entry(entry: Entry) -> str:
    pull = f" (#{entry.pull})" if entry.pull and f"#{entry.pull}" not in entry.subject else ""
    return f"{text(entry.subject + pull)}, by {text(entry.author)}"
