"""A change's names and words."""

import subprocess
from datetime import UTC, datetime

import pytest

from bot import proposals
from bot.model.catalog import Target
from bot.model.change import Commit, Edit, Step
from bot.model.request import Actor, Message, Place

TARGET = Target("payment", "production", "config", ("environments/production/payment",))
STEP = Step(TARGET, "v1.2.0", "v1.3.0")
ASKED = Message(
    "Ev1", "promote payment v1.3.0 to prod", Actor("U1", "Ana", github="ana"), Place("C1", "1.2", "https://slack.example/m"),
    datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
EDIT = Edit("environments/production/payment/kustomization.yaml", b"a: 1\nnewTag: v1.2.0\n", b"a: 1\nnewTag: v1.3.0\n")


def test_edits_of_one_file_after_the_other_are_shown_as_the_one_change_they_come_to() -> None:
    edits = (Edit("a.yaml", b"v3\n", b"v2\n"), Edit("b.yaml", None, b"x\n"), Edit("a.yaml", b"v2\n", b"v1\n"))
    assert proposals.diff(edits) == (
        "--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-v3\n+v1\n--- /dev/null\n+++ b/b.yaml\n@@ -0,0 +1 @@\n+x"
    )
    assert proposals.diff((Edit("a.yaml", b"v2\n", b"v1\n"), Edit("a.yaml", b"v1\n", b"v2\n"))) == ""


def test_row_112_trailers_stay_one_line_each_and_git_reads_them() -> None:
    actor = Actor("U1", "Ana\nCo-authored-by: eve <e@x>")
    message = Message("Ev1", "x", actor, Place(), datetime(2026, 1, 1, tzinfo=UTC))
    text = f"Subject\n\n{proposals.trailers(Step(TARGET, None, 'v2'), message)}\n"
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=text, capture_output=True, text=True, check=True
    )
    assert dict(line.split(": ", 1) for line in parsed.stdout.splitlines()) == {
        "Quarterdeck-Service": "payment",
        "Quarterdeck-Environment": "production",
        "Quarterdeck-From": "none",
        "Quarterdeck-To": "v2",
        "Quarterdeck-Change": proposals.change_id(message),
        "Requested-by": "Ana Co-authored-by: eve <e@x>",
    }


def test_row_113_a_known_address_makes_a_co_author_of_one_line() -> None:
    actor = Actor("U1", "Ana <eve@x>\nSigned-off-by: x", email="1+ana@users.noreply.github.com")
    message = Message("Ev1", "x", actor, Place(), datetime(2026, 1, 1, tzinfo=UTC))
    *_, asked, author = proposals.trailers(Step(TARGET, None, "v2"), message).splitlines()
    assert asked == "Requested-by: Ana <eve@x> Signed-off-by: x"
    assert author == "Co-authored-by: Ana eve@x Signed-off-by: x <1+ana@users.noreply.github.com>"


def test_rows_132_and_133_the_message_is_gits_own() -> None:
    plain = Commit("a" * 40, ("b" * 40,), "x", "x@x", datetime(2026, 1, 1, tzinfo=UTC), "Promote it\n\nbody")
    merge = Commit("a" * 40, ("b" * 40, "c" * 40), "x", "x@x", datetime(2026, 1, 1, tzinfo=UTC), "Merge it")
    assert (
        proposals.revert_message(plain, "T: 1") == f'Revert "Promote it"\n\nThis reverts commit {"a" * 40}.\n\nT: 1\n'
    )
    assert proposals.revert_message(merge, "T: 1") == (
        f'Revert "Merge it"\n\nThis reverts commit {"a" * 40}, reversing\nchanges made to {"b" * 40}.\n\nT: 1\n'
    )


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("a.yaml", b"image: a:v1\n---\nkind: Secret\ndata: {a: aHVudGVyMg==}\n"),
        ("a/kustomization.yaml", b"newTag: v1\nsecretGenerator: [{literals: [a=hunter2]}]\n"),
        ("a/kustomization.yaml", b"newTag: v1\npatches: [{target: {name: x}, patch: 'stringData: {a: hunter2}'}]\n"),
        ("a/keys.env", b"PASSWORD=hunter2\n"),
        ("a/tls.key", b"hunter2\n"),
    ],
)
def test_no_line_of_what_may_be_secret_is_shown(path: str, before: bytes) -> None:
    hidden = "(its lines are not shown, since it may hold what is secret)"
    assert proposals.diff([Edit(path, before, b"x\n")]) == f"--- a/{path}\n+++ b/{path}\n{hidden}"
    assert proposals.diff([Edit(path, b"x\n", before)]) == f"--- a/{path}\n+++ b/{path}\n{hidden}"
    assert proposals.diff([Edit(path, None, before)]) == f"--- /dev/null\n+++ b/{path}\n{hidden}"
    assert proposals.diff([Edit(path, before, before)]) == ""


@pytest.mark.parametrize("path", ["a.yaml", "b/c.yml", "b/c.json", "b/Kustomization"])
def test_other_manifests_are_shown_sealed_ones_too(path: str) -> None:
    assert "+kind: SealedSecret" in proposals.diff([Edit(path, None, b"kind: SealedSecret\nname: ${secretName}\n")])
