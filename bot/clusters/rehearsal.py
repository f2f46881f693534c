"""What would come of applying objects: server-side apply as a dry run, of which nothing is stored."""

from collections.abc import Mapping

from bot.clusters.connection import Budget, Connection
from bot.clusters.discovery import Discovery
from bot.model.sync import Manifest, ObjectRef, Rehearsal


def rehearsed(
    connection: Connection,
    discovery: Discovery,
    manifests: Mapping[ObjectRef, Manifest],
    manager: str,
    budget: Budget,
) -> Mapping[ObjectRef, Rehearsal]:
    """An answer for each object; one that nobody could give says why."""
    return {}
