"""Writes what a cluster has into Git, in the very place where Git writes that field.

Where that is can't be told from a manifest: patches, `images:`, `replicas:` and values decide. So every scalar that
holds the present value is tried, the likeliest first, and proven by rendering: exactly the found places must become
what the cluster has, and no other target may change. Reads trees only; must not know who asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bot.comparison.showing import AFTER
from bot.errors import Refusal, Unavailable
from bot.manifests import block, images, kustomize, nested, splice
from bot.manifests.yamltext import Node, Path, Text, decode, encode, follow, literal, scalar, walk
from bot.model.catalog import Target
from bot.model.change import Edit, net
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef
from bot.ports import Renderer, Tree
from bot.preview import Preview

TRIALS = 16
"""Places tried for one finding: each costs a render."""
LIKELY = 10
"""What a place must score: below, it shares not even the field's name."""

Where = tuple[ObjectRef, Path]
Objects = Mapping[ObjectRef, Manifest]


@dataclass(frozen=True, slots=True)
class Adoption:
    """What comes of a target's findings: the edits, the findings they settle, and why each of the others stays."""

    edits: tuple[Edit, ...]
    adopted: tuple[Difference, ...]
    left: tuple[tuple[Difference, str], ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One place of an object: what Git declares there and what the cluster has."""

    found: Difference
    where: Where
    old: Any
    new: Any


Wanted = Mapping[Where, _Wanted]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A scalar that may be where a value is written; `inner` is the YAML inside a scalar that it stands in."""

    text: Text
    node: Node
    value: str
    score: int
    outer: tuple[Text, Node] | None = None


@dataclass
class Adopter:
    """Plans for one target. `identify` makes references of a render's objects, as the comparison does; `others` are
    the other targets of the repository."""

    tree: Tree
    target: Target
    renderer: Renderer
    identify: Callable[[Sequence[Manifest]], Objects]
    others: Sequence[Target] = ()
    edits: tuple[Edit, ...] = ()
    _users: dict[str, tuple[Target, ...]] = field(default_factory=dict)

    def plan(self, findings: Sequence[Difference], live: Live) -> Adoption:
        """All findings at their likeliest places at once; where that is not right, each by itself."""
        now = self._objects(self.tree)
        wanted, left = {}, []
        for each in findings:
            try:
                sought = _wanted(each, now, live)
                wanted[sought.where] = sought
            except Refusal as refusal:
                left.append((each, str(refusal)))
        settled, now = self._together(wanted, now)
        for where, sought in wanted.items():
            if where in settled:
                continue
            try:
                changed, now = self._alone(sought, wanted, now)
                settled |= changed
            except (Refusal, Unavailable) as trouble:
                left.append((sought.found, str(trouble)))
        adopted = tuple(sought.found for where, sought in wanted.items() if where in settled)
        return Adoption(self.edits, adopted, tuple(left))

    def _together(self, wanted: Wanted, now: Objects) -> tuple[set[Where], Objects]:
        """What the likeliest places put right; nothing where together they do anything else. One render, mostly."""
        edits: tuple[Edit, ...] = ()
        for sought in wanted.values():
            tree = Preview(self.tree, edits)
            likeliest = next(iter(self._candidates(tree, sought)), None)
            try:
                edits = net((*edits, _edited(tree, likeliest, sought))) if likeliest else edits
            except Refusal:
                continue
        try:
            after = self._objects(Preview(self.tree, edits)) if edits else now
        except Refusal:
            return set(), now
        changed = _changes(now, after)
        if not _fit(changed, wanted) or any(self._moved_too(self.tree, edits, edit.path) for edit in edits):
            return set(), now
        self.edits = edits
        return set(changed), after

    def _alone(self, sought: _Wanted, wanted: Wanted, now: Objects) -> tuple[set[Where], Objects]:
        """What the first fitting edit puts right. Refusal that says why none fits."""
        tree = Preview(self.tree, self.edits)
        whys = []
        for candidate in self._candidates(tree, sought)[:TRIALS]:
            try:
                edit = _edited(tree, candidate, sought)
                after = self._objects(Preview(tree, (edit,)))
            except Refusal as refusal:
                whys.append(str(refusal))
                continue
            changed = _changes(now, after)
            if sought.where not in changed or not _fit(changed, wanted):
                continue
            if moved := self._moved_too(tree, (edit,), edit.path):
                place = f"{candidate.text.file}:{candidate.text.line(candidate.node)}"
                names = ", ".join(str(each) for each in moved[:3])
                whys.append(f"it is written in {place}, which {names} uses too.")
                continue
            self.edits = net((*self.edits, edit))
            return set(changed), after
        raise Refusal(whys[0] if whys else "no single value in the target's files makes it.")

    def _objects(self, tree: Tree) -> Objects:
        return self.identify(
            [each for folder in self.target.folders for each in self.renderer.render(tree, folder, self.target)]
        )

    def _candidates(self, tree: Tree, sought: _Wanted) -> list[_Candidate]:
        """The likeliest first."""
        found: list[_Candidate] = []
        for file in self._files:
            try:
                text = decode(tree.read(file) or b"", file)
                found += (each for each in _places(text, sought) if each.score >= LIKELY)
            except Refusal:
                continue
        return sorted(found, key=lambda each: -each.score)

    @cached_property
    def _files(self) -> tuple[str, ...]:
        """What the target is made of: no edit of a value changes that."""
        tree, target = self.tree, self.target
        named = dict.fromkeys(path for folder in target.folders for path in self.renderer.inputs(tree, folder, target))
        found = ([path] if tree.read(path) is not None else tree.files(path) for path in named)
        return tuple(dict.fromkeys(file for files in found for file in files))

    def _moved_too(self, tree: Tree, edits: Sequence[Edit], file: str) -> list[Target]:
        """The other targets that read a file, and that edits change, or may change."""
        moved = []
        for other in self._users_of(file):
            try:
                before, after = (
                    [each for folder in other.folders for each in self.renderer.render(shown, folder, other)]
                    for shown in (tree, Preview(tree, edits))
                )
            except (Refusal, Unavailable):
                moved.append(other)
                continue
            if before != after:
                moved.append(other)
        return moved

    def _users_of(self, file: str) -> tuple[Target, ...]:
        if file not in self._users:
            own = any(_is_in(file, folder) for folder in self.target.folders)
            # A file in the target's own folder is hardly used from another service's: of thousands, few are asked.
            near = [each for each in self.others if each.service == self.target.service]
            self._users[file] = tuple(each for each in (near if own else self.others) if self._uses(each, file))
        return self._users[file]

    def _uses(self, other: Target, file: str) -> bool:
        try:
            read = [path for folder in other.folders for path in self.renderer.inputs(self.tree, folder, other)]
        except (Refusal, Unavailable):
            read = list(other.folders)
        return any(_is_in(file, path) for path in read)


def _wanted(found: Difference, declared: Objects, live: Live) -> _Wanted:
    """Refusal, as the rest of a sentence, where a finding is nothing that can be adopted."""
    if found.object.kind == "Secret" or found.live == AFTER:
        raise Refusal("values of Secrets are never written into Git.")
    if found.kind is not Kind.DRIFT:
        raise Refusal(f"it is {found.kind}; only values that Git declares can be adopted.")
    if found.live is None:
        raise Refusal("the cluster no longer has it; take it out of Git by hand.")
    mine, theirs = declared.get(found.object), live.objects.get(found.object)
    if mine is None or theirs is None:
        raise Refusal("the object is not there on both sides.")
    path, old, new = _resolved(found.pointer, mine, theirs)
    if old is None or new is None or isinstance(old, Mapping | list) or isinstance(new, Mapping | list):
        raise Refusal("it is no single value; edit it by hand.")
    return _Wanted(found, (found.object, path), old, new)


def _resolved(pointer: str, mine: Any, theirs: Any) -> tuple[Path, Any, Any]:
    """Where a pointer leads in what Git declares, and both sides' values there."""
    path: list[str | int] = []
    for step in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]):
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            mine, theirs = mine.get(step), theirs.get(step)
            path.append(step)
        elif isinstance(mine, list) and isinstance(theirs, list):
            at, there = _index(mine, step), _index(theirs, step)
            if at is None or there is None:
                raise Refusal("its place in a list is not the same on both sides; edit it by hand.")
            mine, theirs = mine[at], theirs[there]
            path.append(at)
        else:
            raise Refusal("it is no single value; edit it by hand.")
    if not path:
        raise Refusal("it is a whole object.")
    return tuple(path), mine, theirs


def _index(items: list[Any], step: str) -> int | None:
    """An item by its keys (`name=app`, `containerPort=80,protocol=TCP`) or its position; keys that Git leaves out are
    the server's."""
    if step.isdecimal():
        return int(step) if int(step) < len(items) else None
    pairs = [part.partition("=")[::2] for part in step.split(",")]
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and all(str(item.get(key, value)) == value for key, value in pairs):
            return index
    return None


def _places(text: Text, sought: _Wanted) -> Iterator[_Candidate]:
    """Every scalar of a file that holds the value, also inside its inline patches."""
    values = _spellings(sought)
    yield from _scalars(text, values, sought)
    for document, path in kustomize.inline_patches(text):
        node = follow(text.documents[document], path)
        if node is not None and scalar(node):
            inner = nested.inside(text, node)
            yield from _scalars(inner, values, sought, outer=(text, node))


def _spellings(sought: _Wanted) -> dict[str, str]:
    """What may stand in a file for what Git declares, and what would stand there instead: of an image also its tag."""
    found = {_spelled(sought.old): _spelled(sought.new)}
    if sought.where[1][-1] == "image" and isinstance(sought.old, str) and isinstance(sought.new, str):
        old, new = images.split(sought.old), images.split(sought.new)
        if old.name == new.name and old.version and new.version:
            found[old.version] = new.version
    return found


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scalars(
    text: Text, values: Mapping[str, str], sought: _Wanted, outer: tuple[Text, Node] | None = None
) -> Iterator[_Candidate]:
    for root in text.documents:
        about = _about(root, sought)
        for path, node in walk(root):
            children = (
                [(key.value, value) for key, value in node.value]
                if node.id == "mapping"
                else list(enumerate(node.value))
            )
            beside = {key: value for key, value in children if isinstance(key, str)}
            for step, child in children:
                said = str(child.value)
                if child.id == "scalar" and said in values:
                    score = about + _score((*path, step), beside, sought)
                    yield _Candidate(text, child, values[said], score, outer)


def _about(root: Node, sought: _Wanted) -> int:
    """How likely a document is the object's, or patches it."""
    said = dict(_names(root))
    kind, name = sought.where[0].kind, sought.where[0].name
    return (4 if said.get("kind") == kind else 0) + (4 if said.get("name") and said["name"] in name else 0)


def _names(root: Node) -> Iterator[tuple[str, str]]:
    for key, value in root.value if root.id == "mapping" else ():
        if key.value == "kind":
            yield "kind", str(value.value)
        elif key.value == "metadata" and value.id == "mapping":
            yield from (("name", str(each.value)) for word, each in value.value if word.value == "name")


def _score(path: Path, beside: Mapping[str, Node], sought: _Wanted) -> int:
    """How like a place in a file is to the place in the object: by the names of fields, from the last one on."""
    wanted = [step for step in sought.where[1] if isinstance(step, str)]
    said = [step for step in path if isinstance(step, str)]
    alike = 0
    for one, other in zip(reversed(wanted), reversed(said), strict=False):
        if one != other:
            break
        alike += 1
    if alike:
        return LIKELY * alike
    last, name = said[-1] if said else "", wanted[-1]
    patched = scalar(beside.get("path")) if last == "value" else None
    if patched and patched.rsplit("/", 1)[-1] == name:  # a JSON 6902 operation
        return 3 * LIKELY
    special = {"replicas": {"count", "replicaCount"}, "image": {"newTag", "digest", "tag", "newName"}}
    return 2 * LIKELY if last in special.get(name, ()) else 0


def _edited(tree: Tree, candidate: _Candidate, sought: _Wanted) -> Edit:
    """Refusal, with file and line, where the scalar can't be replaced alone."""
    text, node = candidate.text, candidate.node
    literal(text, node)
    if text.aliased(node):
        raise Refusal(f"{text.file}:{text.line(node)} is used by a YAML alias as well; edit it by hand.")
    if block.is_block(node):
        drafted = block.draft(text, node, candidate.value)
    else:
        drafted = splice.draft(text, {node: candidate.value}, plain=not isinstance(sought.new, str))
    after = splice.apply(text, [drafted])
    if candidate.outer:
        around, scalar_node = candidate.outer
        after = splice.apply(around, [nested.outside(around, scalar_node, after)])
    return Edit(text.file, tree.read(text.file), encode(after))


def _fit(changed: Mapping[Where, Any], wanted: Wanted) -> bool:
    """Whether nothing changes but what should, to what it should."""
    return all(where in wanted and _same(wanted[where].new, new) for where, new in changed.items())


def _changes(before: Objects, after: Objects) -> dict[Where, Any]:
    """Every place where two renders differ, and what the later one has there; a whole object by an empty path."""
    found: dict[Where, Any] = {}
    for ref in {*before, *after}:
        if ref not in before or ref not in after:
            found[ref, ()] = None
        else:
            found |= {(ref, path): new for path, new in _differing(before[ref], after[ref], ())}
    return found


def _differing(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() == new.keys():
        for key in old:
            yield from _differing(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differing(one, other, (*path, index))
    elif not _same(old, new):
        yield path, new


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is_in(file: str, path: str) -> bool:
    return f"{file}/".startswith(f"{path}/") if path else True
