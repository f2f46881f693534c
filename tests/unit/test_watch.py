"""How a watch at a terminal ends: by Ctrl-C, with the status of what it saw last."""

from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from bot.app import App
from bot.cli import _watch
from bot.errors import Unavailable
from bot.model.catalog import Target
from bot.model.sync import Health, Sighting, SyncState

ONCE = Namespace(service=None, environment=None, json=False, every=0.0)
DOWN = Unavailable("config can't be fetched.")


def seen(sync: SyncState) -> tuple[Sighting, ...]:
    target = Target("payment", "staging", "config", ("apps/payment",), "staging")
    return (Sighting(target, "abc", None, None, sync, Health.HEALTHY),)


class Looks:
    """They end in one thing after the other, and at last in Ctrl-C."""

    def __init__(self, *looks: tuple[Sighting, ...] | Unavailable) -> None:
        self.left: Iterator[tuple[Sighting, ...] | Unavailable] = iter(looks)

    def look(self, *_: object) -> tuple[Sighting, ...]:
        found = next(self.left, None)
        if found is None:
            raise KeyboardInterrupt
        if isinstance(found, Unavailable):
            raise found
        return found


@pytest.mark.parametrize(
    ("looks", "status"),
    [
        ((), 2),
        ((DOWN,), 2),
        ((seen(SyncState.SYNCED),), 0),
        ((seen(SyncState.DRIFTED),), 1),
        ((DOWN, seen(SyncState.SYNCED)), 0),
        ((seen(SyncState.SYNCED), DOWN), 2),
    ],
)
def test_the_status_is_that_of_the_last_look(
    looks: tuple[tuple[Sighting, ...] | Unavailable, ...], status: int
) -> None:
    assert _watch(cast("App", SimpleNamespace(looks=Looks(*looks))), ONCE) == status
