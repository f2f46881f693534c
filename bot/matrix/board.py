"""All that a status is made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.catalog import Target
from bot.model.change import Move
from bot.model.promotion import Promotion, Waiting
from bot.model.sync import Content, Health, Sighting, SyncState
from bot.pulls.pending import Pending


@dataclass(frozen=True, slots=True)
class Board:
    """What is known of some targets. `environments` are the config's, in order of promotion."""

    environments: Sequence[str]
    sightings: Sequence[Sighting]
    now: datetime
    moves: Mapping[Target, Move] = field(default_factory=dict)
    """By which move each came to its version."""
    pending: Sequence[Pending] = ()
    told: Collection[str] = ()
    """Repositories whose forge said which pull requests are open."""
    promotions: Sequence[Promotion] = ()
    queue: Sequence[Waiting] = ()
    following: Sequence[str] = ()
    """Which versions may follow to the next environment, and which not yet: a clause each."""
    synced: Mapping[Target, Content] = field(default_factory=dict)
    """What each was last seen in sync with."""
    troubles: Sequence[str] = ()
    """What could not be asked, in a sentence each."""
    seen: datetime | None = None
    """When the targets were looked at, if that was not just now."""


def is_well(seen: Sighting) -> bool:
    return seen.sync is SyncState.SYNCED and seen.health is Health.HEALTHY


def is_blind(sightings: Sequence[Sighting]) -> bool:
    """Whether no cluster is configured for any of them: nobody can tell what runs."""
    return all(each.target.cluster is None for each in sightings)
