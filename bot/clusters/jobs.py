"""The Jobs of a service, for the probe that looks at one. Read with list rights, never made."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Discovery, Resource
from bot.clusters.pages import pages
from bot.errors import Unavailable
from bot.model.catalog import Target
from bot.model.sync import Manifest

SECONDS = 10.0
JOBS = Resource("batch/v1", "Job", "jobs", namespaced=True)
"""Served by every Kubernetes since 1.6; nothing needs to be discovered."""


@dataclass(frozen=True)
class Jobs:
    """`namespaces` are those that a target's objects are in."""

    reach: Callable[[str], tuple[Connection, Discovery]]
    namespaces: Callable[[Target], Collection[str]]
    seconds: float = SECONDS

    def __call__(self, target: Target) -> tuple[Manifest, ...]:
        """All Jobs there. Unavailable, with a sentence, where they can't be read."""
        if target.cluster is None:
            raise Unavailable(f"{target.environment} names no cluster, so no Job can be looked at")
        budget = Budget(self.seconds)
        try:
            connection, _ = self.reach(target.cluster)
            return tuple(
                item
                for namespace in sorted(self.namespaces(target))
                for page in pages(connection, JOBS, namespace, budget)
                for item in page.items
            )
        except Trouble as trouble:
            raise Unavailable(str(trouble)) from trouble
