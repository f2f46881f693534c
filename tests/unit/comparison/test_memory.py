"""Objects that have not changed since the last look are not compared again."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.comparison import compare_all, references
from bot.comparison.memory import Memory
from bot.model.rules import Ignore
from bot.model.sync import Kind, Live, Manifest, Schemas


def config(value: str, version: str = "1", uid: str = "u") -> dict[str, Any]:
    metadata = {"name": "x", "uid": uid, "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": value}}


GIT = config("1")
(REF,) = references([GIT], "pay")


def look(memory: Memory, live: Manifest, git: Manifest = GIT, **options: Any) -> list[str | None]:
    return [each.live for each in compare_all([git], Live({REF: live}), "pay", memory=memory, **options)]


def test_what_has_not_changed_is_remembered() -> None:
    memory = Memory()
    assert look(memory, config("2")) == ['"2"']
    # The same version can't hold another value: that it is not told shows that nothing was compared.
    assert look(memory, config("3")) == ['"2"']
    assert len(memory) == 1


@pytest.mark.parametrize(
    ("live", "options"),
    [
        (config("3", version="2"), {}),
        (config("3", uid="v"), {}),
        (config("3"), {"git": config("1")}),
        (config("3"), {"base": [config("0")]}),
        (config("3"), {"base": [], "is_deployed": True}),
        (config("3"), {"is_deployed": True}),
        (config("3"), {"ignore": [Ignore("why", kind="Secret")]}),
        (config("3"), {"schemas": Schemas()}),
    ],
    ids=["version", "uid", "git", "base", "no base", "deployed", "rules", "schemas"],
)
def test_what_has_changed_is_compared_again(live: Manifest, options: dict[str, Any]) -> None:
    memory = Memory()
    look(memory, config("2"))
    assert look(memory, live, **options) == ['"3"']


def test_an_autoscaler_that_changes_counts_for_what_it_scales() -> None:
    def named(kind: str, **spec: Any) -> dict[str, Any]:
        version, _, word = kind.rpartition("/")
        return {
            "apiVersion": version,
            "kind": word,
            "metadata": {"name": "x", "uid": word, "resourceVersion": "1"},
            "spec": spec,
        }

    def scaler(most: int) -> dict[str, Any]:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
        return named("autoscaling/v2/HorizontalPodAutoscaler", scaleTargetRef=target, maxReplicas=most)

    memory, runs, git = Memory(), named("apps/v1/Deployment", replicas=5), named("apps/v1/Deployment", replicas=2)

    def kinds(most: int) -> list[Kind]:
        desired = [scaler(most), git]
        live = Live(dict(zip(references(desired, "pay"), (scaler(most), runs), strict=True)))
        return [each.kind for each in compare_all(desired, live, "pay", memory=memory)]

    assert kinds(5) == []
    assert kinds(4) == [Kind.DRIFT]


def test_an_object_without_marks_of_a_server_is_always_compared() -> None:
    memory = Memory()
    look(memory, config("2", version=""))
    assert look(memory, config("3", version="")) == ['"3"']
    assert len(memory) == 0


def test_it_forgets_what_was_not_asked_for_longest() -> None:
    memory = Memory(limit=2)
    for uid in ("a", "b", "a", "c"):
        look(memory, config("2", uid=uid))
    assert [look(memory, config("3", uid=uid)) for uid in ("a", "c")] == [['"2"'], ['"2"']]
    assert look(memory, config("3", uid="b")) == ['"3"']
    assert len(memory) == 2


def test_many_threads_share_one() -> None:
    memory = Memory(limit=50)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: look(memory, config("2", uid=str(at % 100))), range(2000)))
    assert found == [['"2"']] * 2000
    assert len(memory) == 50
