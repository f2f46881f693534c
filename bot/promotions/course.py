"""From one look at a promotion to the next: how far it is, and how it ended.

Pure: no clock, no store, no forge, no words for people but a reason. Durations are by our own clock: those of forges
and clusters go otherwise. A stage once reached stays, but for a new head and a pull request that is opened again; an
end stays, but for the latter.
"""

from datetime import datetime

from bot.model.promotion import Promotion
from bot.model.verification import Verification
from bot.promotions.evidence import Evidence


def follow(promotion: Promotion, seen: Evidence, verification: Verification, now: datetime) -> Promotion:
    """The promotion as it is after a look. Evidence that comes twice, or late, leads to the same."""
    raise NotImplementedError


def due(promotion: Promotion, verification: Verification, now: datetime) -> tuple[str, ...]:
    """The services that have been healthy for long enough and are to be probed now."""
    raise NotImplementedError
