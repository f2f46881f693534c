"""The `Renderer` of the ports: a folder told apart by looking, rendered once for the same files."""

from collections.abc import Callable
from pathlib import Path

from bot.errors import Refusal
from bot.model.sync import Manifest
from bot.ports import Tree
from bot.rendering import graph, kubectl, plain
from bot.rendering.cache import Cache, Render
from bot.rendering.dialect import parse


class Renderer:
    """Implements `bot.ports.Renderer`; threads may share it. `cache` is a folder of its own, or None for memory alone.

    Objects are shared between callers: they are read, never changed.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = Cache(cache)

    def render(self, tree: Tree, folder: str) -> tuple[Manifest, ...]:
        """The objects a folder declares: by kustomize where it has a kustomization, else those of its own files.

        Refusal with file and line for what can't or must not be rendered; Unavailable if there is no kubectl.
        """
        return self._rendered(tree, folder).objects

    def inputs(self, tree: Tree, folder: str) -> tuple[str, ...]:
        """The files and folders that the objects are made of, or would be if they were there. Raises as `render`."""
        return tuple(self._rendered(tree, folder).identities)

    def _rendered(self, tree: Tree, folder: str) -> Render:
        folder = folder.strip("/")
        identity = tree.identity(folder)
        if identity is None:
            raise Refusal(f"{folder} is not a folder of the repository at {tree.commit[:12]}.")
        if graph.kustomization(tree, folder) is None:
            key = ("plain", folder, identity)
            return self._once(key, tree, lambda: Render({folder: identity}, plain.render(tree, folder)))
        key = (f"kustomize by {kubectl.identity()}", folder, identity)
        return self._once(key, tree, lambda: _kustomize(tree, folder))

    def _once(self, key: tuple[str, ...], tree: Tree, make: Callable[[], Render]) -> Render:
        found = self._cache.find(key, tree.identity)
        if found is None:
            found = make()
            self._cache.keep(key, found)
        return found


def _kustomize(tree: Tree, folder: str) -> Render:
    inputs = graph.walk(tree, folder)
    output = kubectl.kustomize(inputs.files, folder)
    name = f"the render of {folder or 'the root'}"
    objects = tuple(found for document in parse(output, name) for found in plain.objects(document, name))
    return Render(inputs.identities, objects)
