"""What a target was when it was deployed last, by whoever can tell."""

from dataclasses import dataclass, field

import pytest
from memory import Git

from bot.bases import Base, base
from bot.declared import Declared, declare
from bot.model.catalog import Target
from bot.model.sync import Content, Deployed, ObjectRef
from bot.rendering.renderer import Renderer

TARGET = Target("payment", "staging", "config", ("staging/payment",), cluster="east")
APPLICATION = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: payment}\n"
    "spec: {containers: [{name: app, image: 'acme/payment:%s'}]}\n"
)


@dataclass
class Past:
    """A branch on which payment went from v1 to v3, and something else moved last."""

    git: Git = field(default_factory=lambda: Git({"staging/payment/pod.yaml": POD % "v1"}))

    def __post_init__(self) -> None:
        self.v1 = self.git.newest
        self.v2 = self.git.write({"staging/payment/pod.yaml": POD % "v2"})
        self.v3 = self.git.write({"staging/payment/pod.yaml": POD % "v3"})
        self.other = self.git.write({"staging/api/pod.yaml": POD % "v9"})

    def declared(self, commit: str) -> Declared:
        return declare(self.git.at("config", commit), TARGET, Renderer())

    def base(self, revision: str | None = None, last: Content | None = None) -> tuple[str | None, bool | None]:
        """The version of the base, and whether what Git says now is known to be deployed."""
        deployed = Deployed("argocd", "east", APPLICATION, "staging/payment", revision) if revision else None
        found = base(self.declared(self.git.newest), deployed, last, self.git, Renderer(), secrets=True)
        return (found.declared.version if found.declared else None), found.is_current


@pytest.fixture(scope="module")
def past() -> Past:
    return Past()


def test_row_125_an_engine_that_applied_an_older_commit_says_what_is_deployed(past: Past) -> None:
    assert past.base(past.v1) == ("v1", False)


def test_an_older_commit_with_the_same_files_is_what_git_says_now(past: Past) -> None:
    assert past.base(past.v3) == (None, True)
    assert past.base(past.other) == (None, True)


def test_beside_an_engine_the_content_last_in_sync_tells_what_was_declared_before(past: Past) -> None:
    assert past.base(past.other, past.declared(past.v2).content) == ("v2", True)


def test_a_commit_that_is_gone_says_nothing(past: Past) -> None:
    assert past.base("f" * 40, past.declared(past.v1).content) == ("v1", None)
    assert past.base(last=Content("another", "f" * 40)) == ("v2", None)


def test_without_an_engine_the_content_last_in_sync_counts(past: Past) -> None:
    assert past.base(last=past.declared(past.v1).content) == ("v1", None)
    assert past.base(last=past.declared(past.v3).content) == (None, True)


def test_with_nothing_known_it_is_what_git_said_before_the_newest_change(past: Past) -> None:
    assert past.base() == ("v2", None)


def test_before_the_first_commit_there_was_nothing() -> None:
    git = Git({"staging/payment/pod.yaml": POD % "v1"})
    declared = declare(git.head("config"), TARGET, Renderer())
    assert base(declared, None, None, git, Renderer(), secrets=True) == Base()
