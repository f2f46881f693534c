"""The newest moves of many targets, told in one walk, are what a walk of each tells first."""

import random
from collections.abc import Iterator

import pytest
from contracts.mirrors.upstream import Upstream

from bot.mirrors import reader
from bot.model.catalog import Target

NAMES = ("api", "api/worker", "payment", "web", "mail")
TARGETS = tuple(Target(name, "production", "config", (f"production/{name}",)) for name in NAMES)


def version(tree, target):
    """Of its own file and of the base that another file names, so that what it is made of changes over time."""
    (folder,) = target.folders
    own, base = tree.read(f"{folder}/version"), tree.read(f"{folder}/base") or b"none"
    return ((own or b"") + (tree.read(f"bases/{base.decode()}/version") or b"")).decode() or None


def history(chance: random.Random, commits: int, parent: str) -> Iterator[str]:
    """Commits for `git fast-import`, some of them merges, that write and remove versions, bases, and the rest."""
    marks = 0

    def commit(ref: str, *lines: str, message: str) -> Iterator[str]:
        nonlocal marks
        marks += 1
        who = chance.choice(("Ana", "Bo"))
        yield f"commit refs/heads/{ref}\nmark :{marks}\ncommitter {who} <x@example.com> {1700000000 + marks} +0000\n"
        yield f"data <<END\n{message}\nEND\n"
        yield from lines

    def edit() -> str:
        folder = chance.choice([f"production/{name}" for name in NAMES] + ["bases/one", "bases/two", "docs"])
        file = chance.choice(("version", "version", "base", "note"))
        text = chance.choice(("one", "two")) if file == "base" else f"v{chance.randrange(4)}"
        if chance.random() < 0.15:
            return f"D {folder}/{file}\n"
        return f"M 100644 inline {folder}/{file}\ndata <<END\n{text}\nEND\n"

    begun = f"from {parent}\n"
    for number in range(commits):
        if chance.random() < 0.3 and not begun:
            main = marks
            yield from commit("topic", f"from :{main}\n", edit(), message=f"Topic\n\nRequested-by: Cy{number}")
            merge = (f"from :{main}\n", f"merge :{marks}\n", edit())
            yield from commit("main", *merge, message=f"Merge pull request #{number} from x")
        else:
            yield from commit("main", begun, edit(), edit(), message=f"Change (#{number})")
            begun = ""


def write(upstream: Upstream, chance: random.Random, commits: int) -> None:
    stream = "".join(history(chance, commits, upstream.ref()))
    upstream.git("fast-import", "--quiet", "--force", stdin=stream.encode())
    upstream.push("--force", "main")


@pytest.mark.parametrize("seed", [1, 2])
def test_one_walk_tells_what_a_walk_of_each_does(upstream, mirrors, monkeypatch, seed):
    chance = random.Random(seed)  # noqa: S311 - what it makes is no secret
    write(upstream, chance, 12)
    told = 0
    for _ in range(2):
        opened = mirrors(version=version)
        for named in (TARGETS, TARGETS[2:], TARGETS):
            monkeypatch.setattr(reader, "MANY", 1)
            latest = opened.reader().latest(named)
            monkeypatch.setattr(reader, "MANY", 100)
            assert latest == mirrors(version=version, data="apart").reader().latest(named)
            told += len(latest)
            write(upstream, chance, 3)
    assert told > 0


def test_targets_that_came_later_and_a_history_that_was_rewritten(upstream, mirrors, monkeypatch):
    monkeypatch.setattr(reader, "MANY", 1)
    upstream.commit({"production/web/version": b"v1"}, "Web (#1)")
    upstream.commit({"production/api/version": b"v1"}, "Api (#2)")
    upstream.push()
    opened = mirrors(version=version)

    def pulls() -> dict[str, int | None]:
        return {target.service: move.pull for target, move in opened.reader().latest(TARGETS).items()}

    assert pulls() == {"web": 1, "api": 2}
    upstream.commit({"production/mail/version": b"v1"}, "Mail (#3)")
    upstream.push()
    assert pulls() == {"web": 1, "api": 2, "mail": 3}
    upstream.git("reset", "-q", "--hard", "HEAD~2")
    upstream.commit({"production/web/version": b"v2"}, "Web (#4)")
    upstream.push("--force", "main")
    assert pulls() == {"web": 4}


def test_what_another_process_noted_is_told_without_a_look_at_git(upstream, mirrors, monkeypatch):
    monkeypatch.setattr(reader, "MANY", 1)
    upstream.commit({"production/web/version": b"v1"}, "Web (#1)")
    upstream.push()
    asked = []

    def counted(tree, target):
        asked.append(target)
        return version(tree, target)

    first = mirrors(version=counted).reader().latest(TARGETS)
    looks = len(asked)
    upstream.commit({"docs/note": b"x"}, "Elsewhere")
    upstream.push()
    assert mirrors(version=counted).reader().latest(TARGETS) == first
    assert len(asked) == looks > 0
