"""GitHub's pages, as few as the story needs: repositories, files, commits, and pull requests to review and merge.

Buttons act as the person chosen beside them. Who may reach the pages at all is the playground's guard's to say.
"""

from collections.abc import Awaitable, Callable, Iterable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.playground.github import merging, signs
from bot.playground.github.acts import ACTS
from bot.playground.github.bare import FileDiff, Logged
from bot.playground.github.denied import Denied
from bot.playground.github.markdown import diff, inline, render
from bot.playground.github.pulls import Person, Pull
from bot.playground.github.repository import Repository
from bot.playground.page import page

if TYPE_CHECKING:
    from bot.playground.github import GitHub

SHEETS = ("github.css",)
METHOD_NAMES = {"merge": "Create a merge commit", "squash": "Squash and merge", "rebase": "Rebase and merge"}


class Pages:
    def __init__(self, github: "GitHub") -> None:
        self._github = github
        self._root = urlsplit(github.shapes.site).path

    def index(self, _request: Request) -> Response:
        rows = (
            f'<tr><td><a href="{self._at(repository)}">{escape(repository.full_name)}</a></td>'
            f'<td><a href="{self._at(repository)}/pulls">{_count(_open(repository), "open pull request")}</a></td></tr>'
            for repository in self._github.repositories.values()
        )
        return self._page("Repositories", f"<h1>Repositories</h1>{_table(rows)}")

    def repository(self, request: Request) -> Response:
        repository = self._repository(request)
        here = self._at(repository)
        tip = repository.bare.branches()[repository.default_branch]
        files = (
            f'<tr><td><a href="{here}/blob/{tip}/{quote(path)}">{escape(path)}</a></td></tr>'
            for path in repository.bare.files(tip)
        )
        commits = (self._commit_row(repository, commit) for commit in repository.bare.log(tip))
        return self._page(
            repository.full_name,
            f"{self._heading(repository)}<p class=soft>Branch <code>{escape(repository.default_branch)}</code> at"
            f" <code>{tip[:7]}</code></p>{signs.deployments(repository)}"
            f"<h2>Commits</h2>{_table(commits)}<h2>Files</h2>{_table(files)}",
        )

    def blob(self, request: Request) -> Response:
        repository = self._repository(request)
        path = request.path_params["path"]
        commit = repository.bare.commit_id(request.path_params["ref"])
        content = repository.bare.read(commit, path) if commit else None
        if content is None:
            raise Denied(404, "Not Found")
        text = content.decode(errors="replace")
        return self._page(path, f"{self._heading(repository)}<h2>{escape(path)}</h2><pre>{escape(text)}</pre>")

    def commit(self, request: Request) -> Response:
        repository = self._repository(request)
        sha = repository.bare.commit_id(request.path_params["sha"])
        if sha is None:
            raise Denied(404, "Not Found")
        commit = repository.bare.log(sha, 1)[0]
        subject, _, rest = commit.message.partition("\n")
        changes = _files(repository.bare.diff(commit.parents[0], sha)) if commit.parents else ""
        return self._page(
            subject,
            f"{self._heading(repository)}<h2>{escape(subject)}</h2><p class=soft>{escape(commit.author.name)}"
            f" committed <code>{sha}</code></p>{f'<pre>{escape(rest.strip())}</pre>' if rest.strip() else ''}"
            f"{signs.checks(repository, sha)}{changes}",
        )

    def compare(self, request: Request) -> Response:
        repository = self._repository(request)
        named = request.path_params["basehead"]
        base, head = (repository.bare.commit_id(name) for name in named.partition("...")[::2])
        if base is None or head is None:
            raise Denied(404, "Not Found")
        commits = (self._commit_row(repository, commit) for commit in repository.bare.log(f"{base}..{head}"))
        return self._page(
            f"Comparing {named}",
            f"{self._heading(repository)}<h2>Comparing {escape(named)}</h2>{_table(commits)}"
            f"<h3>Files changed</h3>{_files(repository.bare.diff(base, head))}",
        )

    def pulls(self, request: Request) -> Response:
        repository = self._repository(request)
        rows = (
            f'<tr><td>{_badge(pull)}</td><td><a href="{self._at(repository)}/pull/{pull.number}">'
            f"{escape(pull.title)}</a></td><td class=soft>#{pull.number} by {escape(pull.author.login)}</td></tr>"
            for pull in reversed(repository.pulls())
        )
        return self._page(
            f"Pull requests of {repository.full_name}",
            f"{self._heading(repository)}<h2>Pull requests</h2>{_table(rows) or '<p class=soft>None yet.</p>'}",
        )

    def pull(self, request: Request, problem: str = "") -> Response:
        repository = self._repository(request)
        merging.proceed(repository)
        pull = repository.pull(request.path_params["number"])
        said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
        return self._page(
            f"{pull.title} · #{pull.number}",
            f"{self._heading(repository)}<h2>{escape(pull.title)} <span class=soft>#{pull.number}</span></h2>"
            f"<p>{_badge(pull)} {_doing(pull)}"
            f" {_count(repository.commits(pull), 'commit')} into <code>{escape(pull.base)}</code> from"
            f" <code>{escape(pull.branch)}</code></p>{said}{_about(pull)}"
            f'<section class="text">{render(pull.body) or "<p class=soft>No description.</p>"}</section>'
            f"{_conversation(pull)}{signs.checks(repository, pull.head)}{self._actions(repository, pull, request)}"
            f"<h3>Files changed</h3>{_files(repository.diff(pull))}",
            status=422 if problem else 200,
        )

    def act(self, request: Request, form: dict[str, str]) -> Response:
        repository = self._repository(request)
        pull = repository.pull(request.path_params["number"])
        person = self._github.people.get(form.get("person", ""))
        act = ACTS.get(form.get("action", ""))
        if person is None or act is None:
            return self.pull(request, "Choose who you are and what to do.")
        try:
            made = act(repository, pull, person, form)
        except (Denied, merging.Unprocessable) as denied:
            return self.pull(request, str(denied))
        shown = made if isinstance(made, Pull) else pull
        return RedirectResponse(f"{self._at(repository)}/pull/{shown.number}?as={quote(person.login)}", 303)

    def _actions(self, repository: Repository, pull: Pull, request: Request) -> str:
        chosen = request.query_params.get("as") or next((each.login for each in pull.reviewers), "")
        people = ((each.login, each.name) for each in self._github.people.values() if not each.bot)
        who = f"<label>Acting as {_select('person', people, chosen)}</label>"
        text = '<textarea name="body" rows="2" aria-label="Comment" placeholder="Comment"></textarea>'
        if pull.closed:
            left = pull.branch in repository.bare.branches()
            buttons = _button("revert", "Revert") if pull.merged else _button("reopen", "Reopen") if left else ""
            buttons += _button("delete", "Delete branch") if left else ""
            note = ""
        else:
            buttons, note = _merge_buttons(repository, pull)
        return (
            f'{note}<form method="post" class="actions"><input type="hidden" name="head" value="{pull.head}">'
            f'{text}{who}<button name="action" value="comment">Comment</button>{buttons}</form>'
        )

    def _heading(self, repository: Repository) -> str:
        here = self._at(repository)
        return (
            f'<h1><a href="{here}">{escape(repository.full_name)}</a></h1>'
            f'<p><a href="{here}">Code</a> · <a href="{here}/pulls">Pull requests</a>'
            f' <span class="badge">{_open(repository)}</span></p>'
        )

    def _commit_row(self, repository: Repository, commit: Logged) -> str:
        subject = commit.message.partition("\n")[0]
        at = commit.committer.at.strftime("%Y-%m-%d %H:%M")
        return (
            f'<tr><td><a href="{self._at(repository)}/commit/{commit.sha}"><code>{commit.sha[:7]}</code></a></td>'
            f"<td>{escape(subject)}</td><td class=soft>{escape(commit.author.name)}</td><td class=soft>{at}</td></tr>"
        )

    def _repository(self, request: Request) -> Repository:
        return self._github.repository(f"{request.path_params['owner']}/{request.path_params['repo']}")

    def _at(self, repository: Repository) -> str:
        return escape(f"{self._root}/{quote(repository.full_name)}")

    def _page(self, title: str, body: str, *, status: int = 200) -> Response:
        return page(title, f"<main>{body}</main>", "GitHub", sheets=SHEETS, status=status)


def routes(github: "GitHub") -> list[Route]:
    pages = Pages(github)

    def shown(show: Callable[..., Response], *, posted: bool = False) -> Callable[[Request], Awaitable[Response]]:
        def under_lock(request: Request, *form: dict[str, str]) -> Response:
            with github.lock:
                try:
                    return show(request, *form)
                except Denied as denied:
                    words = f"<main><h1>{escape(denied.message)}</h1></main>"
                    return page(denied.message, words, "GitHub", status=denied.status)

        async def endpoint(request: Request) -> Response:
            form = [_form(await request.body())] if posted else []
            return await run_in_threadpool(under_lock, request, *form)

        return endpoint

    here = "/{owner}/{repo}"
    return [
        Route("/", shown(pages.index)),
        Route(here, shown(pages.repository)),
        Route(here + "/blob/{ref}/{path:path}", shown(pages.blob)),
        Route(here + "/commit/{sha}", shown(pages.commit)),
        Route(here + "/compare/{basehead:path}", shown(pages.compare)),
        Route(here + "/pulls", shown(pages.pulls)),
        Route(here + "/pull/{number:int}", shown(pages.pull)),
        Route(here + "/pull/{number:int}", shown(pages.act, posted=True), methods=["POST"]),
    ]


def _form(body: bytes) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _open(repository: Repository) -> int:
    return sum(pull.state == "open" for pull in repository.pulls())


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _badge(pull: Pull) -> str:
    waiting = ("Draft", "soft") if pull.draft else ("Queued", "warn") if pull.queued else ("Open", "warn")
    word, kind = ("Merged", "good") if pull.merged else ("Closed", "bad") if pull.closed else waiting
    return f'<span class="badge {kind}">{word}</span>'


def _about(pull: Pull) -> str:
    """Labels, and who was asked for what."""
    rows = {
        "Labels": "".join(f'<span class="badge">{escape(label)}</span> ' for label in pull.labels),
        "Reviewers": escape(", ".join([*(person.login for person in pull.reviewers), *pull.teams])),
        "Assignees": escape(", ".join(person.login for person in pull.assignees)),
        "Auto-merge": f"{pull.auto_merge.method}, asked for by {escape(pull.auto_merge.by.login)}"
        if pull.auto_merge
        else "",
    }
    said = "".join(f"<dt>{name}</dt><dd>{html}</dd>" for name, html in rows.items() if html)
    return f'<dl class="about">{said}</dl>' if said else ""


def _merge_buttons(repository: Repository, pull: Pull) -> tuple[str, str]:
    """What can be done to it while it is open, and what stands in the way of merging."""
    missing, queue = repository.missing_approvals(pull), repository.rules(pull.base).queue
    unproven = repository.missing_checks(pull)
    blocked = [f"{_count(missing, 'more approving review')} required."] if missing else []
    blocked += ["Changes are requested."] if repository.decision(pull) == "CHANGES_REQUESTED" else []
    blocked += [f"Required: {escape(', '.join(unproven))}."] if unproven else []
    notes = {
        "dirty": "This branch has conflicts with the base branch.",
        "draft": "This pull request is still a draft.",
        "blocked": " ".join(blocked),
    }
    state = merging.state(repository, pull)
    stopped = " disabled" if state in notes or pull.queued else ""
    methods = ((method, METHOD_NAMES[method]) for method in repository.settings.methods)
    merge = (
        f'<button name="action" value="enqueue" class="primary"{stopped}>Merge when ready</button>'
        if queue
        else f'<select name="method" aria-label="How to merge">{_options(methods)}</select>'
        f'<button name="action" value="merge" class="primary"{stopped}>Merge</button>'
    )
    ready = '<button name="action" value="ready">Ready for review</button>' if pull.draft else ""
    note = f"<p class=problem>{notes[state]}</p>" if state in notes else ""
    reviews = _button("approve", "Approve") + _button("request", "Request changes")
    ends = _button("pass", "Pass checks") + _button("fail", "Fail checks") + _button("rerun", "Run checks again")
    hands = _button("push", "Push over it") + _button("by-hand", "Merge by hand")
    close = '<button name="action" value="close" class="danger">Close</button>'
    more = f"{ends if repository.checks(pull.head) else ''}{hands}"
    return f"{reviews}{ready}{close}{merge}<details><summary>What else can happen</summary>{more}</details>", note


def _button(action: str, words: str) -> str:
    return f'<button name="action" value="{action}">{words}</button>'


def _select(name: str, choices: Iterable[tuple[str, str]], chosen: str) -> str:
    return f'<select name="{name}">{_options(choices, chosen)}</select>'


def _options(choices: Iterable[tuple[str, str]], chosen: str = "") -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in choices
    )


def _doing(pull: Pull) -> str:
    if pull.merged_by is not None:
        return f"<strong>{escape(pull.merged_by.login)}</strong> merged"
    return f"<strong>{escape(pull.author.login)}</strong> {'wanted' if pull.closed else 'wants'} to merge"


def _conversation(pull: Pull) -> str:
    said = [(comment.at, comment.id, _said(comment.person, "commented", comment.body)) for comment in pull.comments]
    words = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested changes", "COMMENTED": "reviewed"}
    said += [(review.at, review.id, _said(review.person, words[review.state], review.body)) for review in pull.reviews]
    return "".join(html for _, _, html in sorted(said))


def _said(person: Person, what: str, body: str) -> str:
    return f"<section><p><strong>{escape(person.login)}</strong> {what}</p>{render(body)}</section>"


def _files(files: Iterable[FileDiff]) -> str:
    return "".join(
        f"<h4>{inline(f'`{file.path}`')} <span class=soft>+{file.additions} −{file.deletions}</span></h4>"
        f"{diff(file.patch) if file.patch else '<p class=soft>Nothing to show.</p>'}"
        for file in files
    )


def _table(rows: Iterable[str]) -> str:
    body = "".join(rows)
    return f"<table><tbody>{body}</tbody></table>" if body else ""
