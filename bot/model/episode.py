"""What a scheduled check last said of a target, so that it is said once and its end is told."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.sync import SyncState


@dataclass(frozen=True, slots=True)
class Episode:
    """A trouble that has begun and not ended.

    `state` is `drifted` or `unknown` (could not be checked): a target may have one of each. `service` is "" where the
    environment as a whole could not be checked. `fingerprint` changes when what is wrong changes.
    """

    environment: str
    service: str
    state: SyncState
    fingerprint: str
    began: datetime
    channel: str
    message: str
    """The chat message that told it last."""
