"""Deep nesting ends in a sentence, wherever YAML or JSON of others is read: libyaml's loader would end the process."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from memory import NOW, Clusters, Engines, Git, Synced
from trees import Files

from bot import pins
from bot.config.settings import load
from bot.errors import Refusal
from bot.model.catalog import Target
from bot.model.sync import SyncState
from bot.playground.github import GitHub
from bot.playground.kubernetes import Agent, Cluster
from bot.rendering.renderer import Renderer
from bot.survey import Survey

TARGET = Target("payment", "staging", "config", ("app",), "east")
DEEP = 100_000
SHAPES = {
    "open brackets": "image: " + "[" * DEEP,
    "brackets": "image: " + "[" * DEEP + "]" * DEEP,
    "braces": "image: " + "{a: " * DEEP + "}" * DEEP,
    "mixed": "image: " + "[{a: " * DEEP,
    "dashes": "image:\n" + "- " * DEEP,
    "indents": "image:\n" + "".join(" " * depth + "a:\n" for depth in range(1_500)),
}
PLACES: dict[str, Callable[[str], dict[str, str]]] = {
    "manifest": lambda deep: {"app/a.yaml": deep},
    "json": lambda deep: {"app/a.json": deep},
    "kustomization": lambda deep: {"app/kustomization.yaml": deep},
    "resource": lambda deep: {"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": deep},
    "patch": lambda deep: {"app/kustomization.yaml": "patches: [{path: a.yaml}]\n", "app/a.yaml": deep},
    "generator": lambda deep: {"app/kustomization.yaml": "generators: [a.yaml]\n", "app/a.yaml": deep},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("place", ["manifest", "kustomization"])
def test_every_shape_is_refused(shape: str, place: str) -> None:
    tree = Files(PLACES[place](SHAPES[shape]))
    for read in (lambda: Renderer().render(tree, "app"), lambda: pins.current(tree, TARGET)):
        with pytest.raises(Refusal) as refused:
            read()
        assert len(str(refused.value)) < 500


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_guarded_and_hides_no_other_target(place: str) -> None:
    well = "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: b, image: 'b:v1'}]}\n"
    git = Git(PLACES[place](SHAPES["brackets"]) | {"other/b.yaml": well})
    other = Target("b", "staging", "config", ("other",), "east")
    deep, seen = Survey(git, Renderer(), Clusters(), Synced(), Engines()).look([TARGET, other])
    assert (deep.sync, seen.desired) == (SyncState.UNKNOWN, "v1")
    assert 0 < len(deep.why) < 500


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "merges",
    [
        "m0: &m0 {x: y}\n"
        + "".join(f"m{number}: &m{number} {{<<: [{', '.join([f'*m{number - 1}'] * 9)}]}}\n" for number in range(1, 12)),
        "a: &a\n  x: y\n  <<: *a\n",
    ],
    ids=["nine of nine, ten times", "itself"],
)
def test_what_a_mapping_merges_in_is_looked_at_once(merges: str) -> None:
    well = "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: b, image: 'payment:v1'}]}\n"
    assert pins.current(Files({"app/a.yaml": f"{well}---\n{merges}"}), TARGET) == "v1"


@pytest.mark.parametrize("depth", [150, 210, 500, 900])
def test_whatever_is_read_can_be_compared_too(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    x = {"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x", "namespace": "a"}, "spec": {"image": "HERE"}}
    text = json.dumps(x).replace('"HERE"', nested)
    container = "{name: a, image: payment}"
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: a}}\nspec: {{containers: [{container}]}}\n"
    for name in ("deep.json", "deep.yaml"):
        git, clusters = Git({f"app/{name}": text, "app/pod.yaml": pod}), Clusters()
        survey = Survey(git, Renderer(), clusters, Synced(), Engines())
        declared = survey.declare(git.head("config"), TARGET)
        clusters.apply("east", *declared.manifests)
        (seen,) = survey.look([TARGET])
        expected = SyncState.SYNCED if depth < 200 else SyncState.UNKNOWN
        assert seen.sync is expected, seen.why
        assert "deep" in seen.why or expected is SyncState.SYNCED


def test_renders_near_the_limit_can_be_kept_on_disk(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: " + "[" * 195 + "]" * 195
    for _ in range(2):
        (made,) = Renderer(tmp_path).render(Files({"app/a.yaml": text}), "app")
        assert made["kind"] == "X"
    assert list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_config_is_refused(shape: str, tmp_path: Path) -> None:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(SHAPES[shape])
    with pytest.raises(Refusal) as refused:
        load(config)
    assert "nested too deeply" in str(refused.value)
    assert len(str(refused.value)) < 500


def test_the_playgrounds_agent_goes_on(tmp_path: Path) -> None:
    """It reads what anyone pushes, as a controller does."""
    well = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
    files = {"env/deep/a.yaml": SHAPES["brackets"].encode(), "env/well/b.yaml": well}
    github = GitHub(tmp_path, now=lambda: NOW, public_url="http://127.0.0.1:1")
    github.add_person("ana", "Ana")
    repository = github.create_repository("acme/gitops", files, message="Begin")
    agent = Agent(Cluster("east", now=lambda: NOW), repository.bare.path, "env")
    agent.sync()
    assert agent.folders["env/deep"].error
    assert not agent.folders["env/well"].error
