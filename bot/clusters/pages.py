"""One list of one kind, page by page. Only the page in hand is in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Resource

SIZES = (500, 50, 5)
"""Objects a page, the next smaller where an answer was too long or took too long: objects may have a megabyte each."""
_UNTIL_LARGER = 10
"""Pages of a smaller size before the next larger is tried again."""
_BEGINNINGS = 2
"""A list whose history is compacted away half-way (410) is begun again, once."""
_ALL: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[Mapping[str, Any], ...]
    """As the list has them: without `apiVersion` and `kind`."""
    remaining: int
    """Objects still to come, as far as the server tells."""


def pages(
    connection: Connection, resource: Resource, namespace: str | None, budget: Budget, asked: Mapping[str, str] = _ALL
) -> Iterator[Page]:
    """The pages of a list, in a namespace or, with None, of the whole cluster; Trouble where one can't be had.

    `asked` are selectors, as parameters of the query.

    Never with a `resourceVersion`: a list from the API server's cache is as old as it likes, and ignores the limit
    (kubernetes/kubernetes#118394). An object may come twice where the list was begun again.
    """
    for beginning in range(_BEGINNINGS):
        try:
            yield from _once(connection, resource, namespace, budget, asked)
        except Trouble as trouble:
            if trouble.status != 410 or beginning == _BEGINNINGS - 1:
                raise
        else:
            return


def _once(
    connection: Connection, resource: Resource, namespace: str | None, budget: Budget, asked: Mapping[str, str]
) -> Iterator[Page]:
    path = resource.path(namespace)
    what = f"{resource.plural} in namespace {namespace}" if namespace else resource.plural
    at, token, had = 0, "", 0
    while True:
        if at and had >= _UNTIL_LARGER:  # large objects come in a row, and small ones after them
            at, had = at - 1, 0
        query: dict[str, str | int] = {"limit": SIZES[at]} | ({"continue": token} if token else {})
        query.update(asked)
        try:
            document = connection.get(path, what, budget, **query)
        except Trouble as trouble:
            # A server that says nothing may have nothing to say: that is tried once.
            if at == len(SIZES) - 1 or not (trouble.heavy or (trouble.silent and at == 0)):
                raise
            at, had = at + 1, 0
            continue
        had += 1
        items = document.get("items", "")
        if not isinstance(items, list | None):
            raise Trouble(f"{connection.cluster} answered with something other than a list for {what}")
        metadata = document.get("metadata") or {}
        token = metadata.get("continue") or ""
        del document  # or the page would outlive the next request
        page = Page(tuple(items or ()), (metadata.get("remainingItemCount") or 0) if token else 0)
        del items
        yield page
        del page
        if not token:
            return
