"""What a render leaves out of a folder, and an engine may deploy all the same."""

from dataclasses import replace

import pytest
from memory import Git

from bot.bases import Base
from bot.declared import Declarations, Declared, bare, rendered
from bot.errors import Refusal
from bot.judging import Evidence
from bot.model.catalog import Reading, Target
from bot.model.sync import Deployed, Live, Manifest, ObjectRef

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
TARGET = Target("payment", "staging", "config", ("apps/payment",), "staging")
OWN, BELOW = "apps/payment/a.yaml", "apps/payment/extra/b.yaml"


def declared(*paths: str) -> Declared:
    return Declared(TARGET, Git(dict.fromkeys(paths, MAP)).head("config"), None)


@pytest.mark.parametrize(
    ("paths", "passed_over"),
    [
        ((OWN,), False),
        ((OWN, BELOW), True),
        ((OWN, "apps/payment/deep/er/b.json"), True),
        ((OWN, "apps/payment/docs/notes.md"), False),
        ((OWN, "apps/other/b.yaml"), False),
        ((OWN, BELOW, "apps/payment/kustomization.yaml"), False),
        ((OWN, BELOW, "apps/payment/Chart.yaml"), False),
    ],
)
def test_manifests_below_a_plain_folder_are_passed_over(paths: tuple[str, ...], passed_over: bool) -> None:
    assert declared(*paths).passes_over is passed_over


class Faulty:
    """A renderer with a defect."""

    def render(self, *_: object) -> tuple[Manifest, ...]:
        raise TypeError("'int' object is not iterable")

    def inputs(self, *_: object) -> tuple[str, ...]:
        return ()


def test_a_folder_that_breaks_its_rendering_is_told_and_hides_no_other() -> None:
    assert rendered(declared(OWN), Faulty()).why == "rendering it broke (TypeError); the bot's log says where"


@pytest.mark.parametrize(
    ("paths", "recurses", "alone"), [((OWN, BELOW), True, False), ((OWN, BELOW), False, True), ((OWN,), True, True)]
)
def test_row_101_what_an_engine_deploys_from_below_is_no_orphan(
    paths: tuple[str, ...], recurses: bool, alone: bool
) -> None:
    kustomization = ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "payment")
    below = ObjectRef("v1", "ConfigMap", "default", "b")
    told = Deployed("flux", "staging", kustomization, "apps/payment", inventory=frozenset([below]), recurses=recurses)
    known = Evidence(declared(*paths), Live({}), Base(), told)
    assert known.engine is not None
    assert known.engine.alone is alone
    assert known.traces.candidates == (frozenset([below]) if alone else frozenset())


class Counted:
    """A renderer that counts what it was asked, and fails while it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.broken = False

    def render(self, *_: object) -> tuple[Manifest, ...]:
        self.asked += 1
        if self.broken:
            raise Refusal("It is broken.")
        return ({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}},)

    def inputs(self, *_: object) -> tuple[str, ...]:
        return ()


def test_what_was_declared_is_kept_for_the_commit() -> None:
    known, renderer, git = Declarations(), Counted(), Git({OWN: MAP})
    first = known.rendered(bare(git.head("config"), TARGET, Reading("v1")), renderer)
    assert known.rendered(bare(git.head("config"), TARGET, Reading("v1")), renderer) is first
    assert known.rendered(bare(git.head("config"), TARGET, Reading("v2")), renderer).version == "v2"
    assert known.rendered(bare(git.head("config"), TARGET, Reading("v2")), renderer, secrets=False).manifests == ()
    git.write({OWN: MAP + "\n"})
    known.rendered(bare(git.head("config"), TARGET, Reading("v2")), renderer)
    assert renderer.asked == 4


def test_what_could_not_be_rendered_is_tried_again() -> None:
    known, renderer, tree = Declarations(), Counted(), Git({OWN: MAP}).head("config")
    renderer.broken = True
    assert known.rendered(bare(tree, TARGET, Reading("v1")), renderer).why == "It is broken."
    renderer.broken = False
    assert known.rendered(bare(tree, TARGET, Reading("v1")), renderer).why == ""


def test_not_more_is_kept_than_memory_is_meant_for() -> None:
    known, renderer, tree = Declarations(most=1), Counted(), Git({OWN: MAP}).head("config")
    others = [replace(TARGET, service=name) for name in ("a", "b")]
    for target in (*others, *others):
        known.rendered(bare(tree, target, Reading("v1")), renderer)
    assert renderer.asked == 4
    known.rendered(bare(tree, others[1], Reading("v1")), renderer)
    assert renderer.asked == 4
