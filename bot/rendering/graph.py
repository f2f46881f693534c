"""The files that a kustomization is made of, found without running anything; what must not be run is refused.

kustomize itself fetches what looks like a URL and follows paths wherever they lead. Here a path must stand in the
repository, so that nothing else is ever given to it. Source of the fields: the Kustomization API v1beta1 of
sigs.k8s.io/kustomize.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Refusal
from bot.manifests.kustomize import NAMES
from bot.ports import Tree
from bot.rendering import charts
from bot.rendering.dialect import Document, parse
from bot.rendering.unsettled import altered, is_encrypted

_SOURCES = frozenset(("resources", "bases", "components"))
_PLUGINS = frozenset(("generators", "transformers", "validators"))
_CHARTS, _GLOBALS = "helmCharts", "helmGlobals"
_OLD_CHARTS = "helmChartInflationGenerator"
_OF_A_CHART = frozenset(("name", "version", "repo", "releaseName", "namespace", "kubeVersion", "valuesMerge"))
_OF_A_CHART_TOO = frozenset(
    (
        *("valuesFile", "additionalValuesFiles", "valuesInline", "apiVersions"),
        *("includeCRDs", "skipHooks", "skipTests", "debug", "devel"),
    )
)
_PLAIN = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
"""What becomes an argument of helm: never a flag of it, nor a path."""
_LISTS_OF_FILES = frozenset(("crds", "configurations", "patchesStrategicMerge", "paths"))
_NAMING_FILES = frozenset(
    ("patches", "patchesJson6902", "replacements", "openapi", "configMapGenerator", "secretGenerator")
)
_GENERATORS = frozenset(("configMapGenerator", "secretGenerator"))
_NAMING_NONE = frozenset(
    (
        *("apiVersion", "kind", "metadata", "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels"),
        *("commonAnnotations", "images", "replicas", "vars", "generatorOptions", "buildMetadata", "sortOptions"),
    )
)
_REMOTE = re.compile(
    r"[a-z][a-z0-9+.-]*:/|[a-z0-9+.-]+::|[^/]+@[^/]+[:/]|(www\.)?github\.com[/:]|.*[?](ref|version|submodules|timeout)=",
    re.IGNORECASE,
)
"""What kustomize fetches even where such a path exists: URLs, Git addresses, and its one short form, github.com/."""
_HOST = re.compile(r"[^./][^/]*\.[^/]+/[^/]+/")
_LIMIT = 5_000
"""Files of one kustomization: far above any real one."""


@dataclass
class Inputs:
    """What a render reads: files' contents, and the identities that tell whether any of it has changed."""

    files: dict[str, bytes] = field(default_factory=dict)
    identities: dict[str, str | None] = field(default_factory=dict)
    manifests: set[str] = field(default_factory=set)
    """Those that hold the objects that all else is done to."""
    encrypted: set[str] = field(default_factory=set)
    """Those that SOPS has encrypted, and that values are made of."""
    has_charts: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the render is the same whenever and wherever it is made."""
        return not self.encrypted and not self.has_charts

    def otherwise(self) -> dict[str, bytes]:
        """The files as if what is encrypted were something else."""
        return self.files | {path: altered(self.files[path]) for path in self.encrypted}


def kustomization(tree: Tree, folder: str) -> str | None:
    """A folder's kustomization file; None if it has none. Refusal for two, as by kustomize."""
    found = [path for name in NAMES if tree.identity(path := posixpath.join(folder, name)) is not None]
    if len(found) > 1:
        raise Refusal(f"{folder or 'The root'} has {' and '.join(found)}: kustomize takes one, so remove the others.")
    return found[0] if found else None


def walk(tree: Tree, folder: str) -> Inputs:
    """All that rendering a folder reads. Refusal, with file and line where known, for what must not be rendered."""
    inputs = Inputs()
    _Walk(tree, inputs).enter(folder, (), folder)
    return inputs


@dataclass(frozen=True)
class _Place:
    """A file that names others, relative to `folder`."""

    file: str
    folder: str
    content: bytes

    def of(self, word: str) -> str:
        """The file, and the first line that holds the word."""
        lines = enumerate(self.content.split(b"\n"), 1)
        line = next((number for number, line in lines if word.encode(errors="replace") in line), None)
        return f"{self.file}:{line}" if line else self.file

    def inside(self, path: str) -> str:
        """The path from the repository's root. Refusal for one that is remote or leads out."""
        place = self.of(path)
        if _REMOTE.match(path):
            raise Refusal(
                f"{place} names a remote base ({path}); only files of this repository are rendered: copy it in."
            )
        straight = posixpath.normpath(posixpath.join(self.folder, path))
        if path.startswith("/") or straight == ".." or straight.startswith("../"):
            raise Refusal(f"{place}: {path} leads out of the repository, which is not followed: copy what it names in.")
        if not path.isprintable() or "\\" in path or path == "":
            raise Refusal(f"{place} names {path!r}, which is no path of a file: correct it there.")
        return "" if straight == "." else straight


@dataclass
class _Walk:
    tree: Tree
    inputs: Inputs
    entered: set[str] = field(default_factory=set)

    def enter(self, folder: str, above: tuple[str, ...], place: str) -> None:
        """Add a folder with a kustomization, and all that it names. `above` are the folders that led here."""
        if folder in above:
            raise Refusal(f"{place} makes {folder or 'the root'} build on itself: take it out of the resources there.")
        if folder in self.entered:
            return
        self.entered.add(folder)
        file = kustomization(self.tree, folder)
        for name in NAMES:
            path = posixpath.join(folder, name)
            self.inputs.identities[path] = self.tree.identity(path)
        if file is None:
            raise Refusal(f"{place} names the folder {folder or '.'}, which has no kustomization.yaml: add one.")
        at = _Place(file, folder, self._add(file, place))
        documents = parse(at.content, file)
        if len(documents) != 1 or not isinstance(documents[0].value, dict):
            raise Refusal(f"{file} is no kustomization: it must hold one YAML mapping.")
        for name, value in documents[0].value.items():
            if name == _CHARTS:
                self._charts(value, documents[0].value.get(_GLOBALS), at)
            else:
                self._field(name, value, at, (*above, folder))

    def _field(self, name: str, value: Any, at: _Place, above: tuple[str, ...]) -> None:
        if name == _OLD_CHARTS:
            raise Refusal(f"{at.of(name)} asks for a Helm chart in an old way ({name}): write {_CHARTS} there.")
        if name in _SOURCES:
            for path in _texts(value):
                self._source(path, at, above)
        elif name in _PLUGINS:
            for text in _texts(value):
                self._plugin(text, at)
        elif name in _LISTS_OF_FILES or name in _NAMING_FILES:
            for path in _named({name: value}):
                content = self._file(path, at)
                if name in _GENERATORS and is_encrypted(content):
                    self.inputs.encrypted.add(at.inside(path))
        elif name not in _NAMING_NONE and name != _GLOBALS:
            raise Refusal(f"{at.of(name)} has the field {name!r}, which kustomize does not know: remove it.")

    def _source(self, path: str, at: _Place, above: tuple[str, ...]) -> None:
        """A file of objects, or a folder with a kustomization of its own."""
        straight, place = at.inside(path), at.of(path)
        if self.tree.read(straight) is not None:
            self._add(straight, place)
            self.inputs.manifests.add(straight)
        elif self.tree.identity(straight) is not None:
            self.enter(straight, above, place)
        elif _HOST.match(path):
            raise Refusal(
                f"{place} names a remote base ({path}); only files of this repository are rendered: copy it in."
            )
        else:
            raise Refusal(f"{place} names {path}, which is not in the repository: add it, or take the line out.")

    def _plugin(self, text: str, at: _Place) -> None:
        """A built-in generator or transformer, configured in a file or in the text itself; never a program."""
        if "\n" not in text:
            at = _Place(at.inside(text), at.folder, self._file(text, at))
        for document in parse(text.encode() if "\n" in text else at.content, at.file):
            self._configuration(document, at)

    def _configuration(self, document: Document, at: _Place) -> None:
        value = document.value
        builtin = isinstance(value, dict) and value.get("apiVersion") == "builtin"
        if not builtin or "Helm" in str(value.get("kind")) or "config.kubernetes.io/function" in str(value):
            place = f"{at.file}:{document.line}"
            raise Refusal(f"{place} configures a plugin that runs a program, which is never done here: remove it.")
        for path in (*_named(value), *_named({"patches": [value]})):
            self._file(path, at)

    def _charts(self, value: Any, around: Any, at: _Place) -> None:
        """Charts that stand beside the kustomization, as `helmGlobals.chartHome` says; nothing is fetched."""
        home = around.get("chartHome", "charts") if isinstance(around, dict) else "charts"
        if around is not None and not (isinstance(around, dict) and around.keys() <= {"chartHome"} and home):
            # Below a `configHome` Helm finds plugins, which are programs.
            raise Refusal(f"{at.of(_GLOBALS)}: of {_GLOBALS} only chartHome is taken here: remove the rest.")
        for chart in value if isinstance(value, list) else [value]:
            if not isinstance(chart, dict) or not isinstance(chart.get("name"), str):
                raise Refusal(f"{at.of(_CHARTS)} has a chart without a name: name it there.")
            self._chart(chart, str(home), at)

    def _chart(self, chart: dict[str, Any], home: str, at: _Place) -> None:
        place = at.of(chart["name"])
        for name, value in chart.items():
            if name in _OF_A_CHART and not _PLAIN.fullmatch(str(value)) and name != "repo":
                raise Refusal(f"{place}: {name} is {value!r}, which is no plain word: correct it there.")
            if name not in _OF_A_CHART | _OF_A_CHART_TOO:
                raise Refusal(f"{place}: the chart has {name!r}, which is not taken here: remove it.")
        for version in _texts(chart.get("apiVersions")):
            if not all(map(_PLAIN.fullmatch, version.split("/"))):
                raise Refusal(f"{place} has the API version {version!r}, which is none: correct it there.")
        # kustomize looks in a folder of that version where it could also fetch it.
        versioned = [f"{chart['name']}-{chart['version']}"] if chart.get("version") and chart.get("repo") else []
        folder = at.inside("/".join((home, *versioned, chart["name"])))
        if not charts.is_chart(self.tree, folder):
            raise Refusal(
                f"{place} asks for the chart {chart['name']}, which is not in {folder}, and nothing is fetched: "
                "commit it there."
            )
        if len(self.inputs.files) + len(self.tree.files(folder)) > _LIMIT:
            raise Refusal(f"{place} is part of a kustomization of more than {_LIMIT:,} files: split it.")
        self.inputs.has_charts = True
        self.inputs.identities[folder] = self.tree.identity(folder)
        inside = charts.inside(self.tree, folder)
        self.inputs.files |= {posixpath.join(folder, path): content for path, content in inside.items()}
        values = [*_texts(chart.get("valuesFile")), *_texts(chart.get("additionalValuesFiles"))]
        for path in values or [f"{home}/{'/'.join((*versioned, chart['name']))}/values.yaml"]:
            straight = at.inside(path)
            if "," in straight:
                raise Refusal(f"{place}: helm takes the comma in {path} for the end of it: rename the file.")
            if (path in values or self.tree.identity(straight)) and is_encrypted(self._file(path, at)):
                self.inputs.encrypted.add(straight)

    def _file(self, path: str, at: _Place) -> bytes:
        return self._add(at.inside(path), at.of(path))

    def _add(self, path: str, place: str) -> bytes:
        if path in self.inputs.files:
            return self.inputs.files[path]
        content = self.tree.read(path)
        if content is None:
            raise Refusal(f"{place} names {path}, which is no file of the repository: add it, or take the line out.")
        if len(self.inputs.files) >= _LIMIT:
            raise Refusal(f"{place} is part of a kustomization of more than {_LIMIT:,} files: split it.")
        self.inputs.files[path] = content
        self.inputs.identities[path] = self.tree.identity(path)
        return content


def _named(fields: dict[str, Any]) -> Iterator[str]:
    """The files that a mapping's fields name."""
    for name, value in fields.items():
        if name in _LISTS_OF_FILES:
            yield from (text for text in _texts(value) if "\n" not in text and not text.lstrip().startswith("{"))
        elif name in _NAMING_FILES:
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, dict):
                    yield from _texts(entry.get("path"))
                    yield from (text.partition("=")[2] or text for text in _texts(entry.get("files")))
                    yield from (*_texts(entry.get("envs")), *_texts(entry.get("env")))


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, str) and item]
