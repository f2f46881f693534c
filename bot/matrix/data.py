"""A status for scripts: `data` of quarterdeck/reply/v1 (docs/json.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.matrix.board import Board
from bot.model.catalog import Target
from bot.model.sync import Ailment, Sighting
from bot.pulls.pending import Pending


def data(board: Board) -> Mapping[str, Any]:
    pending: dict[Target, list[Pending]] = {}
    for each in board.pending:
        pending.setdefault(each.target, []).append(each)
    return {"services": [_service(each, board, pending.get(each.target, [])) for each in board.sightings]}


def _service(each: Sighting, board: Board, pending: list[Pending]) -> dict[str, Any]:
    move, last, told = board.moves.get(each.target), board.synced.get(each.target), each.deployed
    return {
        "service": each.target.service,
        "environment": each.target.environment,
        "desired": each.desired,
        "live": each.live,
        "sync": each.sync.value,
        "health": each.health.value,
        "why": each.why,
        "engine": told.engine if told else "none",
        "revision": told.revision if told else last and last.commit,
        "since": move and move.commit.at.isoformat(),
        "by": move and move.by,
        "pull": move and move.pull,
        "pending": [{"pull": one.pull.number, "url": one.pull.url, "version": one.version} for one in pending],
        "ailments": [_ailment(ill) for ill in each.ailments],
        "paused": told.paused if told else "",
    }


def _ailment(ill: Ailment) -> dict[str, Any]:
    ref = ill.object
    return {
        "object": {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "namespace": ref.namespace or None,
            "name": ref.name,
        },
        "health": ill.health.value,
        "reason": ill.reason,
        "causes": list(ill.symptoms.causes),
        "since": _iso(ill.since or ill.symptoms.since),
    }


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
