"""How a service's version came about, told by Git."""

from itertools import islice

from bot import wording
from bot.command import Context, command
from bot.language.arguments import EnvironmentName, ServiceName
from bot.model.address import page
from bot.model.change import Move
from bot.model.reply import Choice, Layout, Outcome, Reply, Section

SHOWN = 10
LINKS = 3
"""Pull requests that the reply has buttons for; its table names all."""


@command("history <service> [in <environment>]", examples=["history payment", "history payment in prod"])
def history(ctx: Context, service: ServiceName, environment: EnvironmentName | None = None) -> Reply:
    """Who moved a service to which version, when and by which pull request."""
    moves = [move for target in ctx.targets(service, environment) for move in islice(ctx.git.moves(target), SHOWN)]
    moves = sorted(moves, key=lambda move: move.commit.at, reverse=True)[:SHOWN]
    places = () if environment else ("Environment",)
    rows: list[tuple[str, ...]] = [("When", *places, "From", "To", "By", "Commit")]
    rows += [
        (
            wording.ago(move.commit.at, ctx.now),
            *([move.target.environment] if places else []),
            wording.short(move.from_version),
            wording.short(move.to_version),
            move.by,
            wording.commit(move),
        )
        for move in moves
    ]
    data = {
        "changes": [
            {
                "service": move.target.service,
                "environment": move.target.environment,
                "from": move.from_version,
                "to": move.to_version,
                "commit": move.commit.sha,
                "by": move.by,
                "at": move.commit.at.isoformat(),
                "pull": move.pull,
                "url": _url(ctx, move),
            }
            for move in moves
        ]
    }
    where_asked = f" in {environment}" if environment else ""
    if not moves:
        return Reply(Outcome.ANSWERED, f"Git knows no change of {service}{where_asked}.", data=data)
    many = f"The last {len(moves)} changes of {service}{where_asked}, newest first."
    text = many if len(moves) > 1 else f"The only change of {service}{where_asked} that Git knows."
    links = {move.pull: url for move in moves if (url := _url(ctx, move))}
    choices = tuple(Choice(f"Open #{number}", url=url) for number, url in islice(links.items(), LINKS))
    return Reply(Outcome.ANSWERED, text, (Section(layout=Layout.TABLE, rows=tuple(rows)),), choices, data=data)


def _url(ctx: Context, move: Move) -> str | None:
    """The pull request's page, as GitHub has it."""
    repository = page(ctx.catalog.repositories[move.target.repository].url)
    return f"{repository}/pull/{move.pull}" if repository and move.pull else None
