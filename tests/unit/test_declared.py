"""What a render leaves out of a folder, and an engine may deploy all the same."""

import pytest
from memory import Git

from bot.bases import Base
from bot.declared import Declared, rendered
from bot.judging import Evidence
from bot.model.catalog import Target
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
