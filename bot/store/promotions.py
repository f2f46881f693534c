"""`bot.ports.Promotions`: changes on their way, each as one line of JSON. What one release writes the next must read.

Must not know what a stage means, but that some are ends: one whose news were perhaps not told yet still counts as
underway, so that a restart finishes what was left.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Review
from bot.model.request import Actor
from bot.model.verification import Proof
from bot.store.tables import promotions as table

_COLUMNS = ("repository", "key", "environment", "asked", "version")
_TIMES = ("well", "ailing", "there")
"""Of a service."""
_READ = [table.c[name] for name in (*_COLUMNS, "record")]


@dataclass(frozen=True)
class Promotions:
    """Safe to use from several threads and processes, as the store that it is part of."""

    transaction: Callable[[], AbstractContextManager[Connection]]
    now: Callable[[], datetime]

    def begin(self, promotion: Promotion) -> bool:
        row = insert(table).values(self._row(promotion)).on_conflict_do_nothing()
        with self.transaction() as connection:
            return connection.execute(row).rowcount > 0

    def promotion(self, repository: str, key: str) -> Promotion | None:
        wanted = select(*_READ).where(table.c.repository == repository, table.c.key == key)
        with self.transaction() as connection:
            row = connection.execute(wanted).one_or_none()
        return _read(row) if row else None

    def promotions(self) -> tuple[Promotion, ...]:
        wanted = select(*_READ).where(table.c.ended.is_(None)).order_by(table.c.asked, table.c.repository, table.c.key)
        with self.transaction() as connection:
            rows = connection.execute(wanted).all()
        return tuple(map(_read, rows))

    def ended(self, environment: str, service: str) -> Promotion | None:
        # The database passes over the rest: to read a month of records takes thirty times as long.
        named = table.c.record.contains(json.dumps({"service": service})[1:-1], autoescape=True)
        wanted = (
            select(*_READ)
            .where(table.c.environment == environment, table.c.ended.is_not(None), named)
            .order_by(table.c.ended.desc(), table.c.asked.desc())
        )
        with self.transaction() as connection:
            found = map(_read, connection.execute(wanted))
            return next((each for each in found if any(leg.service == service for leg in each.legs)), None)

    def keep(self, promotion: Promotion) -> bool:
        as_read = (
            table.c.repository == promotion.repository,
            table.c.key == promotion.key,
            table.c.version == promotion.version,
        )
        with self.transaction() as connection:
            return connection.execute(update(table).where(*as_read).values(self._row(promotion))).rowcount > 0

    def prune(self, before: datetime) -> None:
        """Forget those that ended before."""
        with self.transaction() as connection:
            connection.execute(delete(table).where(table.c.ended < before))

    def _row(self, promotion: Promotion) -> dict[str, object]:
        stage = promotion.stage
        over = stage.is_end and not promotion.telling
        return {
            "repository": promotion.repository,
            "key": promotion.key,
            "environment": promotion.environment,
            "asked": promotion.asked,
            "ended": promotion.reached.get(stage, self.now()) if over else None,
            "version": promotion.version + 1,
            "record": json.dumps(_plain(promotion)),
        }


def _read(row: Sequence[Any]) -> Promotion:
    """The promotion again. Keys of another release's are passed over, and keys it lacks have their defaults."""
    *columns, record = row
    found: dict[str, Any] = json.loads(record)
    given = _known(found, Promotion) | {
        "legs": tuple(map(_leg, found["legs"])),
        "by": Actor(**_known(found["by"], Actor)),
        "stage": _stage(found.get("stage")) or Stage.REQUESTED,
        "reached": {
            stage: datetime.fromisoformat(at)
            for name, at in found.get("reached", {}).items()
            if (stage := _stage(name)) is not None
        },
        "checks": next((each for each in Checks if each == found.get("checks")), None),
        "review": next((each for each in Review if each == found.get("review")), None),
        "approvers": tuple(found.get("approvers", ())),
        "notes": tuple(found.get("notes", ())),
    }
    return Promotion(**given | dict(zip(_COLUMNS, columns, strict=True)))


def _leg(found: Mapping[str, Any]) -> Leg:
    given = _known(found, Leg) | {
        "stage": _stage(found.get("stage")) or Stage.REQUESTED,
        "proofs": tuple(
            Proof(**_known(each, Proof) | {"at": datetime.fromisoformat(each["at"])})
            for each in found.get("proofs", ())
        ),
    }
    given |= {name: datetime.fromisoformat(given[name]) for name in ("there", "well", "ailing") if given.get(name)}
    return Leg(**given)


def _stage(name: str | None) -> Stage | None:
    """None for one that this release does not know: the next look finds out where the change is."""
    return next((each for each in Stage if each == name), None)


def _known(found: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in found.items() if name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Promotion | Leg | Proof | Actor):
        said = {each.name: (getattr(value, each.name), each.default) for each in fields(value)}
        return {
            name: _plain(each)
            for name, (each, default) in said.items()
            if each != default and not (isinstance(value, Promotion) and name in _COLUMNS)
        }
    return value
