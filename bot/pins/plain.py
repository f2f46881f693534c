"""The version of the plainest overlay, told from its text without reading it as YAML.

In a repository of thousands of services nearly every target is a kustomization that lists resources and the image's
tag, line by line. Whatever isn't exactly that is told by a `Look`, and so is every change: nothing is written by this.
"""

import posixpath
import re
from collections.abc import Mapping

from bot.manifests import images, kustomize
from bot.model.catalog import Target
from bot.pins import charts
from bot.ports import Tree

_WORD = r"(?!null|Null|NULL)[A-Za-z0-9._][A-Za-z0-9._/-]{0,200}"
_KEY = r"[A-Za-z][A-Za-z0-9_./-]{0,200}"
_NAME = r"(?![^ \n]{250})[a-z0-9]+(?:[./-][a-z0-9]+)*"
_TAG = r"(?!null|Null|NULL)[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_END = r"(?:[ ]+\#[ -~]*|[ ]*)\n(?:[ ]*\#[ -~]*\n|\n)*"
"""Of a line, with the comments and empty lines after it."""


def _quoted(value: str) -> str:
    return rf"(?:{value}|\"{value}\"|'{value}')"


_FIELD = (
    rf"(?:name:[ ]{_quoted(_WORD)}|newName:[ ]{_quoted(_NAME)}|newTag:[ ]{_quoted(_TAG)}|digest:[ ]{_DIGEST}){_END}"
)
_PLAIN = re.compile(
    rf"""
    (?:[ ]*\#[ -~]*\n|\n)* (?:---{_END})?
    (?:
        apiVersion:[ ]kustomize\.config\.k8s\.io/{_WORD}{_END}
        | kind:[ ]Kustomization{_END}
        | (?:namespace|namePrefix|nameSuffix):[ ]{_quoted(_WORD)}{_END}
        | (?:metadata|commonLabels|commonAnnotations):{_END} (?:[ ]{{2}}{_KEY}:[ ]{_quoted(_WORD)}{_END})+
        | resources:{_END} (?P<resources> (?P<dash>[ ]*)-[ ]{_WORD}{_END} (?:(?P=dash)-[ ]{_WORD}{_END})*)
        | images:{_END} (?P<images> (?P<at>[ ]*)-[ ]{_FIELD} (?:(?P=at)(?:-|[ ])[ ]{_FIELD})*)
    )+
    """,
    re.VERBOSE,
)
_ITEM = re.compile(r"^ *- ([^ \n]+)", re.MULTILINE)
_SAID = re.compile(r"^ *(- |  )(\w+): [\"']?([^ \n\"']+)", re.MULTILINE)


def version(tree: Tree, target: Target) -> str | None:
    """What `Look.version` says of a target; None where that has to look. Refusal as it."""
    if len(target.folders) != 1 or target.pins:
        return None
    (folder,) = target.folders
    above = f"{folder}/" if folder else ""
    files = [data for name in kustomize.NAMES if (data := tree.read(above + name)) is not None]
    text = files[0].decode() if len(files) == 1 and files[0].isascii() else ""
    plain = _PLAIN.fullmatch(text if text.endswith("\n") else f"{text}\n")
    if plain is None or text.count("resources:") > 1 or text.count("images:") != 1 or ".argocd-source" in text:
        return None
    if any(tree.identity(file) is not None for file in charts.override_files(folder, target)):
        return None
    for item in _ITEM.findall(plain["resources"] or ""):
        path = posixpath.normpath(above + item)
        if path.startswith(".") or tree.identity(path) is None:
            return None
    found = [entry for entry in _entries(plain["images"]) if _is_meant(entry, target)]
    return _version(found[0]) if len(found) == 1 else None


def _entries(lines: str) -> list[dict[str, str]]:
    """The entries of `images:`, each by its fields."""
    entries: list[dict[str, str]] = []
    for lead, field, value in _SAID.findall(lines):
        if lead == "- ":
            entries.append({})
        entries[-1][field] = value
    return entries


def _is_meant(entry: Mapping[str, str], target: Target) -> bool:
    names = {entry[field] for field in ("name", "newName") if "name" in entry and field in entry}
    meant = target.image in names if target.image else any(images.named_after(name, target.service) for name in names)
    return meant and _version(entry) is not None


def _version(entry: Mapping[str, str]) -> str | None:
    return "@".join(entry[field] for field in ("newTag", "digest") if field in entry) or None
