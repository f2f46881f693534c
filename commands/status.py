"""The state of services: what Git wants, what runs, how that stands, and what is on its way."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from bot.command import Context, command
from bot.errors import Refusal, Unavailable
from bot.gatekeeper import sources_of
from bot.language.arguments import EnvironmentName, ServiceName
from bot.matrix.board import Board
from bot.matrix.following import following
from bot.matrix.reply import reply
from bot.model.catalog import Target
from bot.model.pull import PullRequest
from bot.model.reply import Reply
from bot.ports import Forge, Git
from bot.pulls import pending

AT_ONCE = 4
"""Repositories of which the forge is asked meanwhile. Of so few all are asked before anybody knows which are needed."""

PATIENCE = 5.0
"""Seconds for which a forge is waited for once all else is known."""


@command(
    "status [<service>] [in <environment>]",
    examples=["status", "status payment", "status in prod", "status api in staging"],
)
def status(ctx: Context, service: ServiceName | None = None, environment: EnvironmentName | None = None) -> Reply:
    """Versions, sync and health of services, why anything isn't well, and what is on its way."""
    pool = ThreadPoolExecutor(AT_ONCE, "pulls")
    try:
        pulls = _Pulls(ctx.reach, pool)
        if len(ctx.catalog.repositories) <= AT_ONCE:
            pulls.ask(ctx.catalog.repositories)
        targets = ctx.targets(service, environment)
        sources = [*sources_of(ctx, targets).values()] if environment else []
        heads = {target.repository: ctx.git.head(target.repository).commit for target in (*targets, *sources)}
        pulls.ask(heads)
        seen = ctx.recent.look(heads, [*targets, *sources], ctx.survey.look)
        moves = ctx.git.latest(targets)
        coming = [each for name in heads for each in pulls.pending(ctx.git, name, targets)]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    before = {each.after for each in ctx.catalog.environments.values() if each.after}
    standings = {name: ctx.standings(name) for name in before}
    board = Board(
        tuple(ctx.catalog.environments),
        seen.sightings[: len(targets)],
        ctx.now,
        moves,
        tuple(coming),
        pulls.told,
        tuple(ctx.promotions()),
        tuple(ctx.queue()),
        following=tuple(following(targets, seen.sightings, ctx.catalog, standings, ctx.now)),
        synced=ctx.survey.synced.last(targets),
        troubles=tuple(pulls.troubles),
        seen=None if seen.fresh else seen.at,
    )
    return reply(board, service, environment)


class _Pulls:
    """The open pull requests of repositories, asked for while Git and the clusters are looked at."""

    def __init__(self, reach: Callable[[], Forge | None], pool: Executor) -> None:
        self._reach = reach
        self._pool = pool
        self._asked: dict[str, Future[tuple[PullRequest, ...] | None]] = {}
        self.told: list[str] = []
        """Repositories whose open pull requests are known."""
        self.troubles: dict[str, None] = {}
        """What could not be asked, in a sentence each."""

    def ask(self, repositories: Iterable[str]) -> None:
        for name in repositories:
            if name not in self._asked:
                self._asked[name] = self._pool.submit(self._list, name)

    def _list(self, repository: str) -> tuple[PullRequest, ...] | None:
        """None where there is no forge to ask."""
        forge = self._reach()
        return None if forge is None else forge.pulls(repository)

    def pending(self, git: Git, repository: str, targets: Sequence[Target]) -> tuple[pending.Pending, ...]:
        """What they would move; a forge that does not answer hides nothing but that."""
        there = [target for target in targets if target.repository == repository]
        try:
            listed = self._asked[repository].result(PATIENCE)
            if listed is None:
                return ()
            found = tuple(pending.pending(git, listed, there))
        except (Refusal, Unavailable) as trouble:
            self.troubles[f"Which pull requests are open can't be told: {trouble}"] = None
            return ()
        except TimeoutError:
            self.troubles["Which pull requests are open can't be told: their forge takes long to answer."] = None
            return ()
        self.told.append(repository)
        return found
