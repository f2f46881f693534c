"""Custom resources by the definitions that their projects publish, where QUARTERDECK_TEST_CRDS names their folder.

What a server makes of an object is written down here once more: defaults are filled in, unknown fields pruned
(Kubernetes' documentation, "Extend the Kubernetes API with CustomResourceDefinitions").
"""

import copy
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.comparison import compare
from bot.model.sync import Kind, Schemas, Severity
from bot.rendering.dialect import parse

FOLDER = os.environ.get("QUARTERDECK_TEST_CRDS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="QUARTERDECK_TEST_CRDS is not set: no CRDs here")

OBJECTS = Path(__file__).parents[2] / "cluster" / "custom.yaml"
KEPT = "x-kubernetes-preserve-unknown-fields"

Step = str | int


def definitions() -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for file in sorted(Path(FOLDER or "").glob("*.yaml")):
        spec = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["spec"]
        for each in spec["versions"]:
            yield (f"{spec['group']}/{each['name']}", spec["names"]["kind"]), each["schema"]["openAPIV3Schema"]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas(dict(definitions()))


def objects() -> list[Any]:
    return [document.value for document in parse(OBJECTS.read_bytes(), OBJECTS.name)]


def stored(schema: Mapping[str, Any], value: Any, *, whole: bool = False) -> Any:
    """A value as a server keeps it."""
    if isinstance(value, list):
        return [stored(schema.get("items", {}), each) for each in value]
    if not isinstance(value, dict):
        return value
    known, rest, found = schema.get("properties", {}), schema.get("additionalProperties"), {}
    for name, below in value.items():
        if whole and name in {"apiVersion", "kind", "metadata"}:
            found[name] = below
        elif name in known:
            found[name] = stored(known[name], below)
        elif rest or schema.get(KEPT):
            found[name] = stored(rest, below) if isinstance(rest, dict) else below
    for name, below in known.items():
        if "default" in below and name not in found:
            found[name] = stored(below, copy.deepcopy(below["default"]))
    return found


def leaves(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    if isinstance(value, dict | list):
        for step, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(below, (*path, step))
    else:
        yield path


def changed(value: Any, path: tuple[Step, ...]) -> Any:
    copied = copy.deepcopy(value)
    at = copied
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    at[path[-1]] = not old if isinstance(old, bool) else old + 7 if isinstance(old, int) else f"{old}z"
    return copied


@pytest.mark.parametrize("manifest", objects(), ids=lambda each: str(each["kind"]))
def test_row_48_untouched_and_edited(manifest: dict[str, Any], schemas: Schemas) -> None:
    live = stored(schemas.kinds[manifest["apiVersion"], manifest["kind"]], manifest, whole=True)
    live["metadata"] |= {"uid": "u", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
    assert compare(manifest, live, schemas=schemas) == ()
    for path in leaves(manifest["spec"], ("spec",)):
        assert compare(manifest, changed(live, path), schemas=schemas) != (), path


def test_defaults_are_what_the_rows_are_about(schemas: Schemas) -> None:
    live = [stored(schemas.kinds[each["apiVersion"], each["kind"]], each, whole=True) for each in objects()]
    filled = sum(len(list(leaves(have))) for have in live) - sum(len(list(leaves(want))) for want in objects())
    assert filled >= 15


def test_row_49_a_typing_error_is_said(schemas: Schemas) -> None:
    want = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "x"},
        "spec": {"interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "x"}, "timout": "5m"},
    }
    live = stored(schemas.kinds["kustomize.toolkit.fluxcd.io/v1", "Kustomization"], want, whole=True)
    (found,) = compare(want, live, schemas=schemas)
    assert (found.kind, found.path, found.severity) == (Kind.CONFIG_ERROR, "spec.timout", Severity.LOW)
    assert "does not know it" in found.note
