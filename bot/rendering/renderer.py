"""The `Renderer` of the ports: a folder told apart by looking, rendered once for the same files."""

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.errors import Refusal, Unavailable
from bot.model.catalog import Target
from bot.model.sync import Manifest
from bot.ports import Tree
from bot.rendering import charts, graph, helm, kubectl, overrides, plain, sandbox
from bot.rendering.cache import Cache, Key, Render
from bot.rendering.dialect import parse
from bot.rendering.unsettled import settled

_NO_HELM = "needs Helm, and there is no helm here: install helm 3 or 4 on PATH, or commit rendered manifests."
_KEYS = 50_000
"""Keys remembered; when more come in, all are forgotten."""
_CLOCK = re.compile(rb"\{\{[^}]*\bnow\b")


class Renderer:
    """Implements `bot.ports.Renderer`; threads may share it. `cache` is a folder of its own, or None for memory alone.

    `program` is the helm to use, else it is one on PATH. Objects are shared between callers: they are read, never
    changed.
    """

    def __init__(self, cache: Path | None = None, program: str | None = None) -> None:
        self._cache = Cache(cache)
        self._helm = program or sandbox.find("helm")
        self._keys: dict[tuple[object, ...], Key] = {}

    def render(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[Manifest, ...]:
        """The objects a folder declares: by kustomize or helm where it is made for that, else those of its own files.

        Only a chart's depend on whose folder it is. Refusal with file and line for what can't or must not be rendered;
        Unavailable if there is no kubectl.
        """
        return self._rendered(tree, folder, target).objects

    def inputs(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[str, ...]:
        """The files and folders that the objects are made of, or would be if they were there. Raises as `render`."""
        return tuple(self._rendered(tree, folder, target).identities)

    def _rendered(self, tree: Tree, folder: str, target: Target | None) -> Render:
        """Under the key that it had in the same tree, where it was asked for before: most folders are, at each look."""
        asked = tree.identity(""), folder, target, self._kubectl_identity(), self._helm_identity()
        key = self._keys.get(asked)
        if key is not None and (found := self._cache.find(key, tree.identity)) is not None:
            return found
        key, make = self._told_apart(tree, folder.strip("/"), target)
        if len(self._keys) >= _KEYS:
            self._keys = {}
        self._keys[asked] = key
        return self._once(key, tree, make)

    def _told_apart(self, tree: Tree, folder: str, target: Target | None) -> tuple[Key, Callable[[], Render]]:
        """What the render is kept under, and what makes it."""
        identity = tree.identity(folder)
        if identity is None:
            raise Refusal(f"{folder} is not a folder of the repository at {tree.commit[:12]}.")
        if graph.kustomization(tree, folder) is not None:
            beside = [each for path in overrides.paths(folder, target) if (each := tree.identity(path))]
            key = (f"kustomize by {kubectl.identity()} {self._helm_identity()}", folder, identity, *beside)
            return key, lambda: self._kustomize(tree, folder, target)
        if charts.is_chart(tree, folder):
            whose = (target.service, target.environment, target.namespace or "") if target else ()
            key = (f"helm by {self._helm_identity()}", folder, identity, *whose)
            return key, lambda: self._template(tree, folder, target)
        return ("plain", folder, identity), lambda: Render({folder: identity}, plain.render(tree, folder))

    def _once(self, key: Key, tree: Tree, make: Callable[[], Render]) -> Render:
        found = self._cache.find(key, tree.identity)
        if found is None:
            found = make()
            self._cache.keep(key, found)
        return found

    def _kustomize(self, tree: Tree, folder: str, target: Target | None) -> Render:
        inputs = graph.walk(tree, folder)
        if chosen := overrides.find(tree, folder, target).images:
            file = str(graph.kustomization(tree, folder))
            inputs.files[file] = overrides.kustomized(inputs.files[file], file, chosen)
        inputs.identities |= {path: tree.identity(path) for path in overrides.paths(folder, target)}
        if inputs.has_charts and not self._helm:
            raise Refusal(f"{folder or 'The root'} {_NO_HELM}")
        program = self._helm if inputs.has_charts else None
        try:
            output = kubectl.kustomize(inputs.files, folder, helm=program)
        except Refusal:
            _check(inputs)
            raise
        objects = _objects(output, folder)
        if not inputs.is_settled:
            _let_a_second_pass(inputs.files.values())
            again = _objects(kubectl.kustomize(inputs.otherwise(), folder, helm=program), folder)
            objects = settled(objects, again, folder or "The root")
        return Render(inputs.identities, objects)

    def _template(self, tree: Tree, folder: str, target: Target | None) -> Render:
        if not self._helm:
            raise Refusal(f"{folder or 'The root'} {_NO_HELM}")
        chart = charts.find(tree, folder, target)
        first = _objects(helm.template(self._helm, chart), folder)
        _let_a_second_pass(chart.files.values())
        again = _objects(helm.template(self._helm, chart.otherwise()), folder)
        return Render(chart.identities, settled(first, again, folder or "The root"))

    def _kubectl_identity(self) -> str:
        """Empty where there is none: plain files need none."""
        try:
            return kubectl.identity()
        except Unavailable:
            return ""

    def _helm_identity(self) -> str:
        return sandbox.identity(self._helm) if self._helm else ""


def _check(inputs: graph.Inputs) -> None:
    """Refusal, with file and line, for a file that kustomize can't have read; its own words name neither well."""
    for file in sorted(inputs.manifests):
        for document in parse(inputs.files[file], file):
            plain.objects(document, file)


def _let_a_second_pass(files: Iterable[bytes]) -> None:
    """So that what a template reads from the clock differs, most of which counts seconds."""
    if any(map(_CLOCK.search, files)):
        time.sleep(1)


def _objects(output: bytes, folder: str) -> tuple[Manifest, ...]:
    name = f"the render of {folder or 'the root'}"
    return tuple(found for document in parse(output, name) for found in plain.objects(document, name))
