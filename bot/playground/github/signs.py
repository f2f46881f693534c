"""How checks, statuses and deployments look on GitHub's pages."""

from html import escape

from bot.playground.github.checks import Deployment
from bot.playground.github.repository import Repository

GOOD, WAITS, BAD = ("good", "warn", "bad")
KINDS = {
    "success": GOOD,
    "neutral": GOOD,
    "skipped": GOOD,
    "pending": WAITS,
    "running": WAITS,
    "queued": WAITS,
    "in_progress": WAITS,
    "inactive": "soft",
}


def checks(repository: Repository, commit: str) -> str:
    """What is said of a commit, a line each; "" where nothing is."""
    now = repository.now()
    rows = [
        _row(each.conclusion.lower() if each.is_done(now) else "running", each.name, "", "")
        for each in repository.checks(commit)
    ]
    rows += [_row(each.state, each.context, each.description, each.url) for each in repository.statuses(commit)]
    return f"<h3>Checks</h3><table class=signs><tbody>{''.join(rows)}</tbody></table>" if rows else ""


def deployments(repository: Repository) -> str:
    """The newest of each environment first, then those before; "" where there are none."""
    rows = "".join(map(_deployment, list(reversed(repository.deployments))[:20]))
    return f"<h2>Deployments</h2><table class=signs><tbody>{rows}</tbody></table>" if rows else ""


def _deployment(made: Deployment) -> str:
    last = made.told[-1] if made.told else None
    description = last.description if last else made.description
    return _row(made.state, f"{made.environment} at {made.sha[:7]}", description, last.url if last else "")


def _row(state: str, name: str, description: str, url: str) -> str:
    link = f' <a href="{escape(url)}">Details</a>' if url.startswith(("https://", "http://")) else ""
    badge = f'<span class="badge {KINDS.get(state, BAD)}">{escape(state.replace("_", " ").capitalize())}</span>'
    return f"<tr><td>{badge}</td><td>{escape(name)}</td><td class=soft>{escape(description)}{link}</td></tr>"
