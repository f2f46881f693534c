"""45,000 files, 15,000 targets: a tag committed and pushed, and every version found."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.figures import Figure, alternately, timed
from bench.repositories import ENVIRONMENTS, copied, name, pinned, wide
from bench.stage import run, script
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Catalog, Environment, Repository
from bot.model.change import Draft, Edit

TIMES = 9
FILE = pinned(name(2500), "production")


def measure(folder: Path) -> Iterator[Figure]:
    bare = copied(wide(), folder / "wide.git")
    catalog = Catalog(
        {"config": Repository("config", f"file://{bare}")},
        {name: Environment(name, (f"apps/{{service}}/overlays/{name}",), "config") for name in ENVIRONMENTS},
    )
    data = folder / "wide"
    with Mirrors(data, catalog.repositories) as mirrors:
        yield Figure("45,000 files: the first fetch, once", [timed(lambda: mirrors.reader().head("config"))])
        yield from _pushing(bare, mirrors, folder)
    yield from _finding(bare, data, catalog)


def _pushing(bare: Path, mirrors: Mirrors, folder: Path) -> Iterator[Figure]:
    patches = count(1)
    clone = folder / "prepared"
    run(("git", "clone", "--quiet", "--no-checkout", f"file://{bare}", clone), {})
    ours, push, sparse = alternately(
        TIMES,
        lambda: timed(lambda: _by_mirror(mirrors, f"v1.0.{next(patches)}")),
        lambda: _prepared(clone, f"prepared-{next(patches)}"),
        lambda: timed(lambda: _by_script(bare, f"v1.0.{next(patches)}", SPARSE="yes")),
    )
    whole = [timed(lambda: _by_script(bare, f"v1.0.{next(patches)}"))]
    what = "45,000 files: fetch, commit a tag, push a branch"
    yield Figure(what, ours, "git push of a commit made before", push, most=1.6)
    yield Figure("the same", ours, "clone --depth 1, sed, commit, push", whole)
    yield Figure("the same", ours, "the same with a sparse checkout", sparse)


def _by_mirror(mirrors: Mirrors, version: str) -> None:
    tree = mirrors.reader().head("config")
    before = tree.read(FILE) or b""
    head, _, _ = before.rpartition(b": ")
    edit = Edit(FILE, before, head + f": {version}\n".encode())
    commit = mirrors.writer().commit("config", tree.commit, [Draft(f"Promote to {version}\n", (edit,))])
    mirrors.writer().push_branch("config", f"quarterdeck/bench/{version}", commit)


def _prepared(clone: Path, branch: str) -> float:
    """The floor: nothing is fetched, read or made while the clock runs. The commit changes the same one file."""
    git = ("git", "-C", clone, "-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    changed = clone / "changed.yaml"
    changed.write_text(run((*git, "show", f"HEAD:{FILE}"), {}).replace("v1.0.0", branch), encoding="utf-8")
    blob = run((*git, "hash-object", "-w", changed), {}).strip()
    run((*git, "read-tree", "HEAD"), {})
    run((*git, "update-index", "--cacheinfo", f"100644,{blob},{FILE}"), {})
    tree = run((*git, "write-tree"), {}).strip()
    commit = run((*git, "commit-tree", tree, "-p", "HEAD", "-m", branch), {}).strip()
    return timed(lambda: run((*git, "push", "--quiet", "origin", f"{commit}:refs/heads/{branch}"), {}))


def _by_script(bare: Path, version: str, **more: str) -> None:
    script("change", {"URL": f"file://{bare}", "FILE": FILE, "VERSION": version, "BRANCH": f"to-{version}"} | more)


def _finding(bare: Path, data: Path, catalog: Catalog) -> Iterator[Figure]:
    with Mirrors(data, catalog.repositories) as mirrors:
        _versions(mirrors, catalog)
        cold, other, warm, grep = alternately(
            3,
            lambda: _anew(data, catalog, forgetting=True),
            lambda: _anew(data, catalog, forgetting=False),
            lambda: timed(lambda: _versions(mirrors, catalog)),
            lambda: timed(lambda: run(("git", "-C", bare, "grep", "newTag", "main", "--", "apps"), {})),
        )
    beside = "git grep newTag"
    yield Figure("15,000 versions, nothing known but the mirror", cold, beside, grep, target=2.0)
    yield Figure("15,000 versions, noted on disk by another process", other, beside, grep)
    yield Figure("15,000 versions, the commit is the same", warm, beside, grep, target=0.05)


def _anew(data: Path, catalog: Catalog, *, forgetting: bool) -> float:
    """As a process that has just started."""
    if forgetting:
        shutil.rmtree(data / "notes")
    with Mirrors(data, catalog.repositories) as mirrors:
        return timed(lambda: _versions(mirrors, catalog))


def _versions(mirrors: Mirrors, catalog: Catalog) -> None:
    reader = mirrors.reader()
    targets = reader.targets(catalog)
    versions = reader.versions(targets)
    if len(targets) != 15_000 or any(versions[target].version is None for target in targets):
        raise RuntimeError("not every version was found")
