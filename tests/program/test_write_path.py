"""Promotions and rollbacks on a bare repository: what lands in Git, by git's own account."""

from pathlib import Path

import pytest
from bare import Bare

from bot.model.reply import Outcome

FOLDER = "environments/production/payment"
FILE = f"{FOLDER}/kustomization.yaml"
ENTRY = "resources: [deployment.yaml]\nimages:\n  - name: acme/payment\n    newTag: {}\n"


def workload(image: str) -> str:
    return (
        "kind: Deployment\nmetadata: {name: app}\nspec:\n  template:\n    spec:\n      containers:\n"
        f"        - name: app\n          image: {image}\n"
    )


def at(version: str) -> dict[str, str]:
    """The production folder of payment with that version."""
    return {FILE: ENTRY.format(version), f"{FOLDER}/deployment.yaml": workload("acme/payment")}


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path, at("v1.2.0") | {"environments/production/api/a.yaml": workload("acme/api:v1.0.0")})


def test_a_promotion_is_one_line_and_a_rollback_brings_the_bytes_back(bare: Bare) -> None:
    before = bare.git("rev-parse", "main^{tree}")
    promoted = bare.say("promote payment v1.3.0 to prod")
    assert (promoted.outcome, promoted.commit) == (Outcome.COMMITTED, bare.git("rev-parse", "main"))
    assert bare.changed() == ["-    newTag: v1.2.0", "+    newTag: v1.3.0"]
    asked = bare.say("rollback payment in prod")
    assert (asked.outcome, bare.git("rev-parse", "main")) == (Outcome.CONFIRM, promoted.commit)
    assert bare.say("rollback payment in prod", yes=True).outcome is Outcome.COMMITTED
    assert bare.git("rev-parse", "main^{tree}") == before
    said = bare.git("log", "-1", "--format=%an <%ae>|%s|%(trailers:key=Requested-by,valueonly)", "main")
    revert = 'Revert "Promote payment from v1.2.0 to v1.3.0 in production"'
    assert said.strip() == f"Quarterdeck <quarterdeck@noreply.invalid>|{revert}|root"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("row 34: CRLF", workload("acme/payment:v1.2.0").replace("\n", "\r\n").encode()),
        ("row 35: a byte order mark", b"\xef\xbb\xbf" + workload("acme/payment:v1.2.0").encode()),
        ("row 36: no last newline", workload("acme/payment:v1.2.0").rstrip("\n").encode()),
        ("row 53: a tab before a comment", workload("acme/payment:v1.2.0\t# note").encode()),
        ("row 58: JSON", b'{"kind":"Pod",\n"spec":{"containers":[{"image":"acme/payment:v1.2.0"}]}}'),
    ],
)
def test_every_other_byte_stays(name: str, data: bytes, tmp_path: Path) -> None:
    file = f"{FOLDER}/a.yaml"
    bare = Bare(tmp_path, {file: data})
    assert bare.say("promote payment v1.3.0 to prod").outcome is Outcome.COMMITTED, name
    bare.work("pull", "--quiet", "origin", "main")
    assert (bare.clone / file).read_bytes() == data.replace(b"v1.2.0", b"v1.3.0"), name
    bare.say("rollback payment", yes=True)
    bare.work("pull", "--quiet", "origin", "main")
    assert (bare.clone / file).read_bytes() == data, name


def test_row_133_a_merge_commit_is_reverted_against_its_first_parent(bare: Bare) -> None:
    bare.work("switch", "--quiet", "--create", "bump")
    bare.write(at("v1.3.0"), "Bump payment")
    bare.work("switch", "--quiet", "main")
    bare.write({"README": "x"}, "Something else")
    bare.work("merge", "--quiet", "--no-ff", "--message", "Merge pull request #7 from acme/bump", "bump")
    bare.push()
    assert "v1.3.0 in production was set by Hana" in bare.say("rollback payment").text
    bare.say("rollback payment", yes=True)
    assert bare.changed() == ["-    newTag: v1.3.0", "+    newTag: v1.2.0"]
    merge, first = bare.git("rev-parse", "main~1", "main~2").splitlines()
    assert f"This reverts commit {merge}, reversing\nchanges made to {first}." in bare.git(
        "log", "-1", "--format=%B", "main"
    )


def test_rows_134_and_142_a_squash_merge_of_two_services_goes_back_one_service_at_a_time(bare: Bare) -> None:
    files = at("v1.4.0") | {"environments/production/api/a.yaml": workload("acme/api:v1.1.0")}
    bare.commit(files, "Ship both (#12)")
    assert [change["pull"] for change in (bare.say("history api in prod").data or {})["changes"]] == [12, None]
    bare.say("rollback payment", yes=True)
    assert bare.changed() == ["-    newTag: v1.4.0", "+    newTag: v1.2.0"]
    bare.say("rollback api", yes=True)
    assert bare.changed() == ["-          image: acme/api:v1.1.0", "+          image: acme/api:v1.0.0"]


def test_row_135_where_a_revert_would_conflict_only_the_version_goes_back(bare: Bare) -> None:
    bare.say("promote payment v1.3.0 to prod")
    bare.commit({FILE: ENTRY.format("v1.3.0") + "    # note\n"}, "Note it")
    rolled = bare.say("rollback payment", yes=True)
    assert "only the version is set back" in " ".join(section.text for section in rolled.sections)
    assert bare.changed() == ["-    newTag: v1.3.0", "+    newTag: v1.2.0"]


def test_row_138_rolling_back_again_goes_further_back_and_never_to_what_was_left(bare: Bare) -> None:
    for version in ("v1.3.0", "v1.4.0", "v1.5.0"):
        bare.say(f"promote payment {version} to prod")
    for before, after in (("v1.5.0", "v1.4.0"), ("v1.4.0", "v1.3.0"), ("v1.3.0", "v1.2.0")):
        assert bare.say("rollback payment", yes=True).outcome is Outcome.COMMITTED
        assert bare.changed() == [f"-    newTag: {before}", f"+    newTag: {after}"]
    ended = bare.say("rollback payment", yes=True)
    assert (ended.outcome, "nothing earlier is known" in ended.text) == (Outcome.UNCHANGED, True)


def test_a_rollback_over_several_moves_shows_what_they_come_to(bare: Bare) -> None:
    for version in ("v1.3.0", "v1.4.0"):
        bare.say(f"promote payment {version} to prod")
    planned = bare.say("rollback payment in prod to v1.2.0", dry_run=True)
    assert "-    newTag: v1.4.0\n+    newTag: v1.2.0" in planned.sections[-1].text
    assert "v1.3.0" not in planned.sections[-1].text


def test_rows_137_and_140_what_people_did_by_hand_since_counts(bare: Bare) -> None:
    bare.say("promote payment v1.3.0 to prod")
    bare.commit(at("v1.3.1"), "Hotfix")
    assert "v1.3.1 → v1.3.0" in bare.say("rollback payment", yes=True).text
    bare.work("pull", "--quiet", "origin", "main")
    bare.work("revert", "--no-edit", "HEAD~2")
    bare.push()
    assert bare.say("rollback payment").outcome is Outcome.UNCHANGED


def test_row_141_a_renamed_file_is_found_again(bare: Bare) -> None:
    bare.say("promote payment v1.3.0 to prod")
    bare.work("pull", "--quiet", "origin", "main")
    bare.work("mv", FILE, f"{FOLDER}/kustomization.yml")
    bare.write({}, "Rename it")
    bare.push()
    bare.say("rollback payment", yes=True)
    assert bare.changed() == ["-    newTag: v1.3.0", "+    newTag: v1.2.0"]


def test_row_127_rewritten_history_is_taken_as_it_is(bare: Bare) -> None:
    bare.say("promote payment v1.3.0 to prod")
    bare.work("commit", "--quiet", "--amend", "--message", "Begin anew")
    bare.push()
    assert bare.say("rollback payment in prod").outcome is Outcome.REFUSED
    assert "v1.2.0 → v1.3.0" in bare.say("promote payment v1.3.0 to prod").text


def test_row_18_a_lower_tag_is_a_downgrade_whatever_its_digest_and_comes_back_with_it(tmp_path: Path) -> None:
    pinned = f"acme/payment:v1.5.0@sha256:{'a' * 64}"
    bare = Bare(tmp_path, {f"{FOLDER}/a.yaml": workload(pinned)})
    asked = bare.say("promote payment v1.3.0 to prod")
    assert (asked.outcome, "this is a downgrade" in asked.text) == (Outcome.CONFIRM, True)
    assert "v1.5.0@sha256:aaaaaaaaaaaa → v1.3.0" in bare.say("promote payment v1.3.0 to prod", yes=True).text
    bare.say("rollback payment", yes=True)
    assert bare.changed()[1].endswith(f"image: {pinned}")


def test_folders_that_differ_in_capitals_only_are_told_apart(tmp_path: Path) -> None:
    folders = {f"environments/production/{name}/a.yaml": workload(f"acme/{name.lower()}:v1") for name in ("Pay", "pay")}
    bare = Bare(tmp_path, folders)
    for name in ("Pay", "pay"):
        assert bare.say(f"promote {name} v2 to prod").outcome is Outcome.COMMITTED
        assert bare.git("diff", "--name-only", "main~1", "main") == f"environments/production/{name}/a.yaml"


BASED = """\
repositories: {config: {url: gitops.git}}
environments:
  staging: {path: "apps/{service}/base", change: push}
  production: {path: "apps/{service}/production", change: push}
"""


def test_row_74_whoever_moves_a_base_is_told_whom_else_that_moves(tmp_path: Path) -> None:
    overlay = "apps/payment/production/kustomization.yaml"
    base = {"apps/payment/base/app.yaml": workload("acme/payment:v1.2.0")}
    base |= {"apps/payment/base/kustomization.yaml": "resources: [app.yaml]\n"}
    bare = Bare(tmp_path, base | {overlay: "resources: [../base]\n"}, BASED)
    asked = bare.say("promote payment v1.3.0 to staging")
    assert asked.text.endswith("This moves payment in production as well, by the same files. Go on?")
    assert bare.say("promote payment v1.3.0 to staging", yes=True).outcome is Outcome.COMMITTED
    assert "payment in production is already v1.3.0" in bare.say("promote payment v1.3.0 to production").text
    asked = bare.say("rollback payment in staging")
    assert "This moves payment in production as well, by the same files." in asked.text
    rolled = bare.say("rollback payment in production", yes=True)
    assert "outside its own folders, so only the version is set back, and only here." in rolled.sections[0].text
    assert [line.replace(" ", "") for line in bare.changed()] == ["+images:", "+-name:acme/payment", "+newTag:v1.2.0"]
    assert bare.say("promote payment v1.4.0 to staging").outcome is Outcome.COMMITTED


@pytest.mark.parametrize("order", [("staging", "production"), ("production", "staging")])
def test_without_an_environment_the_last_move_is_meant_even_within_one_second(
    order: tuple[str, str], tmp_path: Path
) -> None:
    bare = Bare(tmp_path, {f"environments/{name}/payment/a.yaml": workload("acme/payment:v1") for name in order})
    for name in order:
        bare.say(f"promote payment v2 to {name}")
    assert bare.say("rollback payment").text.startswith(f"payment in {order[1]}: v2 → v1.")


def test_one_repository_a_service(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder in (shared, own):
        folder.mkdir()
    theirs = Bare(own, at("v1.2.0"))
    config = (
        f"repositories: {{own: {{url: {theirs.repository}}}, config: {{url: {shared}/gitops.git}}}}\n"
        'environments: {production: {path: "environments/production/{service}", change: push, repository: config}}\n'
        "services: {payment: {repository: own}}\n"
    )
    ours = Bare(shared, at("v1.0.0"))
    ours.config.write_text(config)
    assert ours.say("promote payment v1.3.0 to production").outcome is Outcome.COMMITTED
    assert theirs.changed() == ["-    newTag: v1.2.0", "+    newTag: v1.3.0"]
    assert ours.git("rev-list", "--count", "main") == "1"


def test_rows_126_and_127_a_damaged_mirror_is_made_anew(bare: Bare) -> None:
    bare.say("promote payment v1.3.0 to prod")
    (mirror,) = (bare.folder / "data/mirrors").glob("*.git")
    (mirror / "HEAD").write_text("garbage")
    for pack in mirror.glob("objects/pack/*"):
        pack.unlink()
    assert bare.say("promote payment v1.4.0 to prod").outcome is Outcome.COMMITTED
    assert bare.changed() == ["-    newTag: v1.3.0", "+    newTag: v1.4.0"]


def test_a_remote_that_dies_during_a_push_leaves_nothing_and_the_next_try_is_right(bare: Bare) -> None:
    hook = bare.repository / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    before = bare.git("rev-parse", "main")
    assert bare.say("promote payment v1.3.0 to prod").outcome is Outcome.FAILED
    assert bare.git("rev-parse", "main") == before
    hook.write_text("#!/bin/sh\necho foreign words; exit 1\n")
    refused = bare.say("promote payment v1.3.0 to prod")
    assert (refused.outcome, "foreign" in refused.text) == (Outcome.REFUSED, False)
    assert "change: pull-request" in refused.text
    hook.unlink()
    assert bare.say("promote payment v1.3.0 to prod").outcome is Outcome.COMMITTED
