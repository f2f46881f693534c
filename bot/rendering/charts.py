"""The files that a Helm chart is made of, and the values that a target gives it, found without running anything.

A chart stands in the target's folder, with the charts it depends on in its `charts/`: nothing is fetched. The rules for
`Chart.yaml` are Helm's (helm.sh/docs/topics/charts).
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.errors import Refusal
from bot.model.catalog import Target
from bot.pins import charts
from bot.ports import Tree
from bot.rendering import overrides
from bot.rendering.dialect import parse
from bot.rendering.overrides import Parameter
from bot.rendering.unsettled import altered, is_encrypted

FILE = "Chart.yaml"
_OWN = "values.yaml"
_LIMIT = 5_000
"""Files of one chart: far above any real one."""
_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Chart:
    """What `helm template` is given. `files` are relative to the chart; later `values` win over earlier ones."""

    folder: str
    release: str
    namespace: str
    files: Mapping[str, bytes]
    values: tuple[bytes, ...] = ()
    identities: Mapping[str, str | None] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    """They win over all values."""

    def otherwise(self) -> "Chart":
        """The same as if the values that SOPS has encrypted were others."""
        values = tuple(altered(each) if is_encrypted(each) else each for each in self.values)
        own = self.files.get(_OWN, b"")
        files = {**self.files, _OWN: altered(own)} if is_encrypted(own) else self.files
        return replace(self, files=files, values=values)


def is_chart(tree: Tree, folder: str) -> bool:
    return tree.identity(posixpath.join(folder, FILE)) is not None


def find(tree: Tree, folder: str, target: Target | None) -> Chart:
    """A target's chart: the release is called like its service, in its namespace.

    Refusal, with file and line where known, for what is not vendored, and for values that may or may not be used.
    """
    files = inside(tree, folder)
    place = posixpath.join(folder, FILE)
    identities = {folder: tree.identity(folder)}
    for name, other in _beside(files, place, folder):
        _check(tree, other, f"{place}:{_line(files[FILE], name)}")
        files |= {f"charts/{name}/{path}": content for path, content in inside(tree, other).items()}
        identities[other] = tree.identity(other)
    values = tuple(files[name] for name in _values(files, folder, target))
    release = target.service if target else posixpath.basename(folder) or "release"
    namespace = (target and target.namespace) or "default"
    parameters = overrides.find(tree, folder, target).parameters
    return Chart(folder, release, namespace, files, values, identities, parameters)


def inside(tree: Tree, folder: str) -> dict[str, bytes]:
    """The files of a chart, by their paths in it."""
    paths = tree.files(folder)
    if len(paths) > _LIMIT:
        raise Refusal(f"{folder or 'The root'} is a chart of more than {_LIMIT:,} files: split it.")
    start = len(folder) + 1 if folder else 0
    found, left = {}, _BYTES
    for path in paths:
        found[path[start:]] = content = tree.read(path) or b""
        left -= len(content)
        if left < 0:
            raise Refusal(f"{folder or 'The root'} is a chart of more than {_BYTES:,} bytes: split it.")
    return found


def _beside(files: Mapping[str, bytes], place: str, folder: str) -> list[tuple[str, str]]:
    """The charts of the repository that this one builds on by a `file://` address: name, and folder.

    Refusal for one that is to be fetched, and not committed in `charts/`.
    """
    documents = parse(files[FILE], place)
    about: Any = documents[0].value if documents else None
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise Refusal(f"{place} is no Helm chart's: it must hold one mapping with a name.")
    found = []
    needed = about.get("dependencies")
    if not isinstance(needed, list | None):
        raise Refusal(f"{place} has dependencies that are no list: write them as one.")
    for each in needed or ():
        if not isinstance(each, dict) or not isinstance(name := each.get("name"), str):
            raise Refusal(f"{place} has a dependency without a name: name it there.")
        if any(path.startswith((f"charts/{name}/", f"charts/{name}-")) for path in files):
            continue
        address, line = str(each.get("repository") or ""), _line(files[FILE], name)
        if not address.startswith("file://"):
            raise Refusal(
                f"{place}:{line} depends on the chart {name}, and nothing is fetched: commit it in "
                f"{posixpath.join(folder, 'charts')} (helm dependency build)."
            )
        other = posixpath.normpath(posixpath.join(folder, address.removeprefix("file://")))
        if other.startswith(("/", "../")) or other == ".." or "/" in name or not name.isprintable():
            raise Refusal(f"{place}:{line}: {address} leads out of the repository, which is not followed: copy it in.")
        found.append((name, "" if other == "." else other))
    return found


def _check(tree: Tree, folder: str, place: str) -> None:
    if not is_chart(tree, folder):
        raise Refusal(f"{place} depends on the chart in {folder or 'the root'}, which has no {FILE}: add it.")


def _values(files: Mapping[str, bytes], folder: str, target: Target | None) -> list[str]:
    """The values files in a chart's folder that a target uses, besides `values.yaml`, which Helm reads by itself."""
    ranks: dict[int | None, list[str]] = {}
    for name in sorted(files):
        if "/" in name or name == _OWN:
            continue
        if "values" in name.lower() and name.endswith((".yaml", ".yml")):
            ranks.setdefault(charts.rank(name, target.environment) if target else 1, []).append(name)
    if unclear := ranks.get(1):
        named = posixpath.join(folder, unclear[0])
        raise Refusal(
            f"{named} may or may not be used: name values files after an environment, or keep the others elsewhere."
        )
    return [*ranks.get(0, ()), *ranks.get(2, ())]


def _line(content: bytes, word: str) -> int:
    lines = enumerate(content.split(b"\n"), 1)
    return next((number for number, line in lines if word.encode() in line), 1)
