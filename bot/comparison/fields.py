"""Who owns which field of an object, by its `metadata.managedFields`: asked only where something differs.

The format is structured-merge-diff's (`fieldpath/serialize.go`, `fieldpath/serialize-pe.go`): a set of paths as nested
JSON, a step of it being `f:<field>`, `k:{<keys of a list item>}`, `v:<item of a set>` or `i:<index>`, and `.` the
place itself. It knows owners, not authors: an entry's time is that of its last change, whichever field that was, and
whoever takes a field away need not be in it at all. Whatever can't be read is owned by nobody.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from bot.comparison.paths import Item, Path
from bot.comparison.showing import clean
from bot.model.sync import Writer

_DEPLOYERS = frozenset(
    [
        "argocd-application-controller",
        "argocd-controller",
        "flux",
        "helm",
        "helm-controller",
        "kubectl-client-side-apply",
        "kustomize-controller",
    ]
)
"""Those that write what Git says, by whichever operation; kubectl-client-side-apply is any `kubectl apply`."""
_SCALED = ("spec", "replicas")
"""Servers before 1.22 don't note who scales (kubernetes#82046): that a deployer owns them says nothing there."""
_APPLY = "Apply"
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    writer: Writer
    fields: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return self.writer.at or _EARLIEST


class Fields:
    """An object's `managedFields`, as the JSON that `Live.managed` holds; parsed at the first question."""

    def __init__(self, managed: bytes | None) -> None:
        self._managed = managed

    def writer(self, path: Path, *, gone: bool = False) -> Writer | None:
        """Who wrote the field, or something in it, last; None where nobody can tell.

        `gone` is a field that Git declares and that is not live. Nobody owns such a field, and who only takes one away
        leaves no trace (a pure removal adds nothing to the remover's entry), so this is told only where the field is
        part of a whole that has an owner (an atomic list) who wrote it after the last deployment.
        """
        if gone:
            deployed = max((entry.at for entry in self._deploying), default=_EARLIEST)
            owners = [entry for entry in self._wholly(path) if entry.at >= deployed]
        else:
            owners = self._owners(path)
        if path == _SCALED:
            owners = [entry for entry in owners if entry not in self._deploying]
        return max(owners, key=lambda entry: entry.at).writer if owners else None

    def applied(self, path: Path) -> bool | None:
        """Whether those who deploy the object own the field; None where none of them is known."""
        if not self._deploying:
            return None
        owners = self._owners(path)
        filling = [entry for entry in owners if _fills(entry.fields, path)]
        return any(entry in self._deploying for entry in filling or owners)

    def applied_last(self, path: Path) -> bool | None:
        """Whether Git gave the field a value when it was applied last; None where the object was never applied.

        Told by server-side apply alone, whose sets are just what was applied: an entry of operation Update owns the
        defaults that came with a creation as well, and stays as it was once the object is deployed the other way.
        """
        applying = [entry for entry in self._deploying if entry.writer.operation == _APPLY]
        if not applying:
            return None
        return any(entry in applying for entry in self._owners(path))

    def taken(self, path: Path) -> bool:
        """Whether the field has owners, and none of them deploys the object."""
        owners = self._owners(path)
        return bool(owners) and not any(entry in self._deploying for entry in owners)

    def unkept(self, path: Path) -> bool:
        """Whether a field that is not live was written all the same: then the server does not keep it, as where a
        feature of its is off. Whoever takes a field away ends its ownership too."""
        return any(_owns(entry.fields, path) for entry in self._entries)

    def deployer(self) -> str | None:
        """The name under which the object was deployed last."""
        return max(self._deploying, key=lambda entry: entry.at).writer.manager if self._deploying else None

    def _owners(self, path: Path) -> list[_Entry]:
        """Those who own just this, if there are any: a place with nothing below it may also be a map's that others
        have filled."""
        return [entry for entry in self._entries if _owns(entry.fields, path)] or self._wholly(path)

    def _wholly(self, path: Path) -> list[_Entry]:
        return [entry for entry in self._entries if _owns_whole(entry.fields, path)]

    @cached_property
    def _entries(self) -> list[_Entry]:
        """Without those of the status, which nobody compares."""
        try:
            read = json.loads(self._managed or b"[]")
        except (ValueError, RecursionError):
            return []
        return [entry for each in read if (entry := _entry(each))] if isinstance(read, list) else []

    @cached_property
    def _deploying(self) -> list[_Entry]:
        """The entries of those known to deploy; else the applied one (operation Apply) that owns more than any other.

        Controllers apply too, but a few fields each: what they own was never in Git.
        """
        known = [entry for entry in self._entries if _deploys(entry.writer)]
        if known or not self._entries:
            return known
        most = max(self._entries, key=lambda entry: sum(1 for _ in _leaves(entry.fields)))
        return [most] if most.writer.operation == _APPLY else []


def _deploys(writer: Writer) -> bool:
    return writer.manager in _DEPLOYERS or (writer.manager, writer.operation) == ("kubectl", _APPLY)


def _entry(read: object) -> _Entry | None:
    if not isinstance(read, dict) or read.get("subresource") == "status":
        return None
    manager, fields = read.get("manager"), read.get("fieldsV1")
    if not isinstance(manager, str) or not manager or not isinstance(fields, dict):
        return None
    operation = read.get("operation")
    how = operation if isinstance(operation, str) else ""
    return _Entry(Writer(clean(manager), clean(how), _time(read.get("time"))), fields)


def _time(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _owns(fields: Mapping[str, Any], path: Path) -> bool:
    """Whether a set has the path itself, or anything below it."""
    return _node(fields, path) is not None


def _fills(fields: Mapping[str, Any], path: Path) -> bool:
    """Whether a set has anything below the path: who has the place alone left it empty, and others filled it."""
    node = _node(fields, path)
    return node is not None and bool(node.keys() - {"."})


def _node(fields: Mapping[str, Any], path: Path) -> Any:
    """What a set has at the path; None if nothing."""
    node: Any = fields
    for step in path:
        node = _below(node, step)
        if node is None:
            return None
    return node


def _owns_whole(fields: Mapping[str, Any], path: Path) -> bool:
    """Whether a set has, above the path, a place with nothing below it: an atomic list or map, owned in one piece."""
    node: Any = fields
    for step in path:
        below = _below(node, step)
        if below is None:
            return node is not fields and not node.keys() - {"."}
        node = below
    return False


def _below(node: Any, step: str | Item) -> Mapping[str, Any] | None:
    if isinstance(step, str):
        found = node.get(f"f:{step}")
    else:
        found = next((below for key, below in node.items() if _is(key, step)), None)
    return found if isinstance(found, dict) else None


def _is(key: str, item: Item) -> bool:
    """Whether a step of a set names the item of a list. Its keys stand in an order of their own there."""
    kind, _, text = key.partition(":")
    if kind == "i":
        return text == item.label
    if kind not in {"k", "v"}:
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if kind == "v":
        return str(value) == item.label
    if not isinstance(value, dict):
        return False
    pairs = ",".join(f"{name}={each}" for name, each in value.items() if each is not None)
    return sorted(pairs.split(",")) == sorted(item.label.split(","))


def _leaves(fields: Mapping[str, Any]) -> Iterator[None]:
    left: list[Any] = [fields]
    while left:
        node = left.pop()
        below = [each for name, each in node.items() if name != "." and isinstance(each, dict)]
        left += below
        if not below:
            yield None
