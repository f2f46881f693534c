"""Where a repository keeps its services, and which files a folder of one is made of.

Follows path templates and kustomizations within the repository, and refuses what leads out of it. Knows nothing of
versions.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.errors import Refusal
from bot.manifests import kustomize
from bot.manifests.yamltext import Text, decode
from bot.model.catalog import Environment
from bot.ports import Tree

_PLACEHOLDER = "{service}"
_MANIFESTS = (".yaml", ".yml", ".json")
_REMOTE = re.compile(r"[a-z+]+::|[a-z][a-z0-9+.-]*://|[^/]+@[^/]+:|[^/]*\.[^./][^/]*/[^/]+/|.*[?]ref=", re.IGNORECASE)
"""https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md"""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it is applied, or a file alone. Without a kustomization, `files` are all manifests directly in it.

    `bases` are folders in this repository that its kustomization builds on, `components` those that it applies to
    them: both may feed other environments too.
    """

    path: str
    kustomization: Text | None
    files: tuple[str, ...]
    patches: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    """Where its replacements set an image's version, as file:line, and the field and object they take it from."""
    is_file: bool = False


def services(tree: Tree, environment: Environment) -> dict[str, tuple[str, ...]]:
    """The services that an environment's path templates find, by name, each with its folders.

    A folder counts if manifests lie directly in it and its name can be printed, and so does a file that the template
    names, by its extension, or without one where there are no folders. Refusal for a template that leaves the
    repository.
    """
    found: dict[str, list[str]] = {}
    for template in environment.paths:
        for service, folder in _matches(tree, template):
            found.setdefault(service, []).append(folder)
    return {service: tuple(found[service]) for service in sorted(found)}


def watched(tree: Tree, patterns: Iterable[str]) -> tuple[str, ...]:
    """The folders that patterns name and in which manifests lie directly, sorted; `*` is any part of one name."""
    named = (path for pattern in patterns for path in _named(tree, "", pattern.split("/")))
    return tuple(sorted({path for path in named if path.isprintable() and _holds_manifests(tree, path)}))


def _named(tree: Tree, above: str, parts: list[str]) -> Iterator[str]:
    if not parts:
        yield above
        return
    for name in tree.folders(above):
        if fnmatchcase(name, parts[0]):
            yield from _named(tree, posixpath.join(above, name), parts[1:])


def folder(tree: Tree, path: str) -> Folder | None:
    """What a folder, or a file by itself, is made of; None if it is not there.

    Refusal, with file and line, for two kustomizations, one that names what is not there, is remote, or is outside the
    repository.
    """
    found = [(name, data) for name in kustomize.NAMES if (data := tree.read(posixpath.join(path, name))) is not None]
    if len(found) > 1:
        names = " and ".join(name for name, _ in found)
        raise Refusal(f"{path} has {names}; Kustomize takes only one, so remove the others.")
    if not found:
        files = tree.files(path)
        if files:
            return Folder(path, None, tuple(file for file in _direct(path, files) if file.endswith(_MANIFESTS)))
        return Folder(path, None, (path,), is_file=True) if tree.read(path) is not None else None
    name, data = found[0]
    kustomization = decode(data, posixpath.join(path, name))
    sources = [_resolve(tree, path, kustomization, reference) for reference in kustomize.resources(kustomization)]
    files = tuple(source for source in sources if source.endswith(_MANIFESTS) or not tree.files(source))
    charts = [_resolve(tree, path, kustomization, each) for each in kustomize.values_files(kustomization)]
    named = (_resolve(tree, path, kustomization, reference) for reference in kustomize.replacements(kustomization))
    replacing = [kustomization, *(text(tree, file) for file in named)]
    return Folder(
        path,
        kustomization,
        files=(*files, *charts),
        patches=tuple(_resolve(tree, path, kustomization, reference) for reference in kustomize.patches(kustomization)),
        bases=tuple(source for source in sources if source not in files),
        components=tuple(_resolve(tree, path, kustomization, each) for each in kustomize.components(kustomization)),
        replaced=tuple(
            (f"{each.file}:{found.line}", found.source)
            for each in replacing
            for found in kustomize.replaced_images(each)
        ),
    )


def text(tree: Tree, path: str) -> Text:
    """A file's text. Refusal if it is not there or no UTF-8 text."""
    data = tree.read(path)
    if data is None:
        raise Refusal(f"{path} is not a file of the repository.")
    return decode(data, path)


def _matches(tree: Tree, template: str) -> list[tuple[str, str]]:
    parts = inside(template, f"The path {template}").split("/")
    position = next((number for number, part in enumerate(parts) if _PLACEHOLDER in part), None)
    if position is None:
        raise Refusal(f"The path {template} must hold {_PLACEHOLDER}, so that services can be told apart.")
    pattern = re.compile(re.escape(parts[position]).replace(re.escape(_PLACEHOLDER), "([^.].*)", 1))
    above = "/".join(parts[:position])
    names = tree.folders(above)
    if position == len(parts) - 1:
        files = _direct(above, tree.files(above))
        beside = any(map(pattern.fullmatch, names))
        names = (*names, *(name for name in map(posixpath.basename, files) if _could_be_meant(name, template, beside)))
    found = []
    for name in names:
        match = pattern.fullmatch(name)
        path = "/".join(parts).replace(_PLACEHOLDER, match[1]) if match else ""
        # A name with control characters could not be said, and would be shown as another.
        if match and name.isprintable() and _holds_manifests(tree, path):
            found.append((match[1], path))
    return found


def _could_be_meant(name: str, template: str, beside: bool) -> bool:
    """Whether a file is what a template names. Beside the folders of services, a file without an extension is not."""
    if template.endswith(_MANIFESTS):
        return name not in kustomize.NAMES
    return not beside and "." not in name and name == name.lower()


def _holds_manifests(tree: Tree, path: str) -> bool:
    files = tree.files(path)
    return any(map(_is_manifest, _direct(path, files))) if files else tree.identity(path) is not None


def _direct(path: str, files: tuple[str, ...]) -> tuple[str, ...]:
    start = len(path) + 1 if path else 0
    return tuple(file for file in files if "/" not in file[start:])


def _is_manifest(file: str) -> bool:
    return file.endswith(_MANIFESTS) or posixpath.basename(file) in kustomize.NAMES


def _resolve(tree: Tree, path: str, kustomization: Text, reference: kustomize.Reference) -> str:
    place = f"{kustomization.file}:{reference.line}"
    resolved = inside(posixpath.join(path, reference.path), f"{place}: {reference.path}")
    if tree.identity(resolved) is not None:
        return resolved
    tree.read(resolved)  # refuses a symbolic link by name
    if _REMOTE.match(reference.path):
        raise Refusal(f"{place} names a remote base ({reference.path}); only files of this repository are read.")
    raise Refusal(f"{place} names {reference.path}, which is not in the repository.")


def inside(path: str, subject: str) -> str:
    """A path made straight. Refusal if it is absolute or leads out of the repository."""
    straight = posixpath.normpath(path)
    if straight.startswith(("/", "../")) or straight == "..":
        raise Refusal(f"{subject} leads out of the repository.")
    return "" if straight == "." else straight
