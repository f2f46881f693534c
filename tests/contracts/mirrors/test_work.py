"""Commits without a checkout, their proof, and pushes that race."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from contracts.mirrors.upstream import BOT, git

from bot.errors import Refusal
from bot.mirrors.work import prove
from bot.model.change import Draft, Edit

FILE = "environments/production/payment/deployment.yaml"
BRANCH = "quarterdeck/promote/production/payment/v2"


def draft(path=FILE, before=b"image: payment:v1\n", after=b"image: payment:v2\n", message="Promote payment\n"):
    return Draft(message, (Edit(path, before, after),))


def changed(upstream, before: str, after: str) -> str:
    return git(upstream.bare, "diff-tree", "-r", "--raw", "--no-abbrev", "--no-renames", before, after)


def test_a_commit_changes_its_paths_only_and_names_the_bot(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    message = "Promote payment to v2\n\nRequested-by: Ana\nQuarterdeck-Change: 1\n"
    commit = opened.writer().commit("config", base, [draft(message=message)])
    assert opened.writer().push_base("config", commit) is True
    assert upstream.ref() == commit
    assert git(upstream.bare, "diff", "--numstat", base, commit) == f"1\t1\t{FILE}"
    assert git(upstream.bare, "show", f"main:{FILE}") == "image: payment:v2"
    form = "%an <%ae>%n%cn <%ce>%n%aI%n%cI%n%P%n%B"
    assert git(upstream.bare, "show", "-s", f"--format={form}", "main").splitlines() == [
        "Quarterdeck <bot@example.com>",
        "Quarterdeck <bot@example.com>",
        "2026-03-04T05:06:07+00:00",
        "2026-03-04T05:06:07+00:00",
        base,
        *message.splitlines(),
    ]
    git(upstream.bare, "fsck", "--strict")


def test_rows_124_and_125_a_commit_needs_no_worktree_no_index_and_no_current_folder(
    upstream, mirrors, tmp_path, monkeypatch
):
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    monkeypatch.chdir(nowhere)
    opened = mirrors()
    base = opened.reader().head("config").commit
    assert opened.writer().push_base("config", opened.writer().commit("config", base, [draft()]))
    assert (Path.cwd(), list(nowhere.iterdir())) == (nowhere, [])
    names = {path.name for path in opened.writer().mirrors["config"].folder.iterdir()}
    assert {"objects", "refs"} <= names
    assert not names & {"index", "worktrees", "COMMIT_EDITMSG"}


def test_the_clock_is_the_one_given(upstream, mirrors):
    opened = mirrors(now=lambda: datetime(2020, 1, 1, tzinfo=UTC))
    base = opened.reader().head("config").commit
    opened.writer().push_base("config", opened.writer().commit("config", base, [draft()]))
    assert git(upstream.bare, "show", "-s", "--format=%cI", "main") == "2020-01-01T00:00:00+00:00"


def test_modes_are_kept_files_come_and_go_and_empty_folders_vanish(upstream, mirrors):
    upstream.write({"run.sh": b"#!/bin/sh\n"})
    (upstream.work / "run.sh").chmod(0o755)
    (upstream.work / "link").symlink_to("run.sh")
    base = upstream.commit({"one/two/three.yaml": b"x\n"}, "Add")
    upstream.push()
    opened = mirrors()
    assert opened.reader().head("config").commit == base
    edits = (
        Edit("run.sh", b"#!/bin/sh\n", b"#!/bin/sh\nexit\n"),
        Edit("one/two/three.yaml", b"x\n", None),
        Edit("new/folder/grüße -.yaml", None, b"\xff\x00\r\n"),
        Edit("empty.yaml", None, b""),
    )
    commit = opened.writer().commit("config", base, [Draft("Change", edits)])
    opened.writer().push_base("config", commit)
    listed = git(upstream.bare, "-c", "core.quotePath=off", "ls-tree", "-r", "main").splitlines()
    modes = {line.split("\t")[1]: line.split(" ")[0] for line in listed}
    assert modes == {
        "empty.yaml": "100644",
        "environments/production/api/deployment.yaml": "100644",
        "environments/production/payment/deployment.yaml": "100644",
        "environments/staging/payment/deployment.yaml": "100644",
        "link": "120000",
        "new/folder/grüße -.yaml": "100644",
        "run.sh": "100755",
    }
    assert opened.reader().head("config").read("new/folder/grüße -.yaml") == b"\xff\x00\r\n"
    assert opened.reader().head("config").read("run.sh") == b"#!/bin/sh\nexit\n"


def test_deleting_the_last_file_leaves_an_empty_tree(upstream, mirrors):
    for path in upstream.git("ls-files").splitlines()[1:]:
        upstream.write({path: None})
    base = upstream.commit({}, "Remove")
    upstream.push()
    opened = mirrors()
    left = opened.reader().head("config").files("")[0]
    data = opened.reader().head("config").read(left)
    opened.writer().push_base(
        "config", opened.writer().commit("config", base, [Draft("End", (Edit(left, data, None),))])
    )
    assert git(upstream.bare, "ls-tree", "-r", "main") == ""


def test_drafts_become_commits_in_turn_and_one_without_effect_none(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    same = Draft("Nothing", (Edit(FILE, b"image: payment:v2\n", b"image: payment:v2\n"),))
    second = draft(before=b"image: payment:v2\n", after=b"image: payment:v3\n", message="Second")
    commit = opened.writer().commit("config", base, [draft(message="First"), same, Draft("None", ()), second])
    opened.writer().push_base("config", commit)
    assert git(upstream.bare, "log", "--format=%s", "main").splitlines() == ["Second", "First", "Begin"]
    assert opened.writer().commit("config", base, [same]) == base


def test_bytes_pass_no_filter(upstream, mirrors):
    base = upstream.commit({".gitattributes": b"*.yaml text eol=crlf\n* filter=lfs\n"}, "Filter")
    upstream.push()
    opened = mirrors()
    opened.reader().head("config")
    commit = opened.writer().commit("config", base, [draft(after=b"a: 1\r\nb: 2\n")])
    opened.writer().push_base("config", commit)
    assert opened.reader().head("config").read(FILE) == b"a: 1\r\nb: 2\n"


def test_what_can_not_be_committed_is_refused(upstream, mirrors):
    (upstream.work / "link").symlink_to("environments")
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{upstream.ref()},module")
    upstream.git("add", "link")
    upstream.git("commit", "-q", "-m", "Link")
    upstream.push()
    opened = mirrors()
    base = opened.reader().head("config").commit
    for made, why in (
        (draft(before=b"image: payment:v0\n"), "has changed since this was planned"),
        (draft(before=None), "has changed since this was planned"),
        (draft(path="environments/production/payment", before=None), "has changed since this was planned"),
        (draft(path=f"{FILE}/below", before=None), "is not a folder in Git"),
        (draft(path="link/x.yaml", before=None), "symlink"),
        (draft(path="link", before=b"environments"), "symlink"),
        (draft(path="module/x.yaml", before=None), "submodule"),
        (draft(path="../x.yaml", before=None), "not a path inside a repository"),
        (draft(path=".git/hooks/post-commit", before=None), "not a path inside a repository"),
        (draft(path="", before=None), "has changed since this was planned"),
        (draft(message="Promote\0"), "can't hold a NUL"),
    ):
        with pytest.raises(Refusal, match=why):
            opened.writer().commit("config", base, [made])


def test_two_edits_of_one_file_in_a_commit_are_a_defect(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    with pytest.raises(ValueError, match="two edits"):
        opened.writer().commit("config", base, [Draft("x", draft().edits + draft(after=b"other").edits)])


def test_row_131_the_proof_fails_for_any_other_path_content_or_mode(upstream, mirrors):
    opened = mirrors()
    before = opened.reader().head("config").commit
    upstream.write({FILE: b"image: payment:v2\n"})
    exact = upstream.commit({}, "Exact")
    more = upstream.commit({"other.yaml": b"x"}, "More")
    (upstream.work / FILE).chmod(0o755)
    mode = upstream.commit({}, "Mode")
    upstream.push()
    opened.reader().head("config")
    mirror = opened.writer().mirrors["config"]
    prove(mirror, before, exact, draft().edits)
    for after, edits in {
        exact: draft(after=b"image: payment:v3\n").edits,
        before: draft().edits,
        more: draft().edits,
        mode: (*draft().edits, Edit("other.yaml", None, b"x")),
    }.items():
        with pytest.raises(AssertionError, match=r"not what was planned|its mode"):
            prove(mirror, before, after, edits)


def test_a_base_that_moved_is_never_overwritten(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    theirs = upstream.commit({"environments/production/api/deployment.yaml": b"image: api:v2\n"}, "Theirs")
    upstream.push()
    commit = opened.writer().commit("config", base, [draft()])
    assert opened.writer().push_base("config", commit) is False
    assert upstream.ref() == theirs
    again = opened.writer().commit("config", opened.reader().head("config").commit, [draft()])
    assert opened.writer().push_base("config", again) is True
    assert git(upstream.bare, "log", "--format=%s", "main").splitlines() == ["Promote payment", "Theirs", "Begin"]
    assert opened.writer().push_base("config", again) is True


def test_many_writers_all_land(upstream, mirrors):
    """Threads share one bot; two bots share the folder, as `serve` and `say` do."""
    bots = [mirrors(), mirrors()]
    ready = threading.Barrier(8)
    lost: list[object] = []

    def promote(number: int) -> None:
        opened = bots[number % 2]
        path = f"apps/service-{number}.yaml"
        try:
            ready.wait()
            for _ in range(50):
                base = opened.reader().head("config").commit
                commit = opened.writer().commit("config", base, [draft(path, None, b"v1\n", f"Add {number}")])
                if opened.writer().push_base("config", commit):
                    return
            lost.append(number)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            lost.append(error)

    threads = [threading.Thread(target=promote, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    added = git(upstream.bare, "ls-tree", "--name-only", "main", "apps/").splitlines()
    assert added == [f"apps/service-{number}.yaml" for number in range(8)]
    assert git(upstream.bare, "rev-list", "--count", "main") == "9"


def test_a_protected_base_is_refused_with_the_way_out(upstream, mirrors):
    hook = upstream.bare / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text(
        "#!/bin/sh\necho 'GH006: Protected branch update failed; fetch first; s3cret-of-the-hook'\nexit 1\n"
    )
    hook.chmod(0o755)
    opened = mirrors()
    base = opened.reader().head("config").commit
    commit = opened.writer().commit("config", base, [draft()])
    with pytest.raises(Refusal, match="change: pull-request") as refused:
        opened.writer().push_base("config", commit)
    assert "s3cret-of-the-hook" not in str(refused.value)
    assert upstream.ref() == base
    with pytest.raises(Refusal, match=f"push to `{BRANCH}`: .* Have an administrator let it push there"):
        opened.writer().push_branch("config", BRANCH, commit)


def test_a_working_clone_can_not_be_pushed_to(upstream, mirrors):
    opened = mirrors(str(upstream.work))
    base = opened.reader().head("config").commit
    with pytest.raises(Refusal, match="bare repository"):
        opened.writer().push_base("config", opened.writer().commit("config", base, [draft()]))


def test_row_106_a_branch_is_made_and_left_alone_when_asked_twice(upstream, mirrors):
    times = iter(datetime(2026, 1, 1, 0, minute, tzinfo=UTC) for minute in range(9))
    opened = mirrors(now=lambda: next(times))
    base = opened.reader().head("config").commit
    first = opened.writer().commit("config", base, [draft()])
    second = opened.writer().commit("config", base, [draft()])
    assert first != second
    assert [opened.writer().push_branch("config", BRANCH, each) for each in (first, second)] == [first, first]
    assert upstream.ref(BRANCH) == first
    assert upstream.ref() == base


def test_row_108_a_branch_of_ours_moves_to_a_new_base_and_to_new_content(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    opened.writer().push_branch("config", BRANCH, opened.writer().commit("config", base, [draft()]))
    upstream.commit({"README.md": b"x"}, "Move on")
    upstream.push()
    for after in (b"image: payment:v2\n", b"image: payment:v2 # note\n"):
        newest = opened.writer().commit("config", opened.reader().head("config").commit, [draft(after=after)])
        opened.writer().push_branch("config", BRANCH, newest)
        assert upstream.ref(BRANCH) == newest


def test_a_branch_with_someone_elses_commit_is_left_alone(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    opened.writer().push_branch("config", BRANCH, opened.writer().commit("config", base, [draft()]))
    upstream.git("fetch", "-q")
    upstream.git("checkout", "-q", "-b", "mine", f"origin/{BRANCH}")
    theirs = upstream.commit({"note.md": b"x"}, "Help")
    upstream.push(f"mine:{BRANCH}")
    other = opened.writer().commit("config", base, [draft(after=b"image: payment:v9\n")])
    with pytest.raises(Refusal, match=r"holds commits of ana@example\.com"):
        opened.writer().push_branch("config", BRANCH, other)
    assert upstream.ref(BRANCH) == theirs


def test_row_108_a_left_over_branch_without_commits_of_its_own_is_taken_over(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    upstream.push(f"main:{BRANCH}")
    commit = opened.writer().commit("config", base, [draft()])
    opened.writer().push_branch("config", BRANCH, commit)
    assert upstream.ref(BRANCH) == commit


def test_only_branches_of_ours_are_made(upstream, mirrors):
    opened = mirrors()
    with pytest.raises(ValueError, match="not under quarterdeck/"):
        opened.writer().push_branch("config", "main", opened.reader().head("config").commit)


def test_a_branch_where_a_folder_of_branches_is_ends_in_a_sentence(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    commit = opened.writer().commit("config", base, [draft()])
    upstream.push(f"main:{BRANCH}/deeper")
    with pytest.raises(Exception, match=r"keeps changing|left alone") as ended:
        opened.writer().push_branch("config", BRANCH, commit)
    assert type(ended.value).__name__ == "Unavailable"


def test_the_lease_holds_against_a_push_in_between(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    mirror = opened.writer().mirrors["config"]
    commit = opened.writer().commit("config", base, [draft()])
    assert mirror.push(commit, BRANCH, lease=base) is False
    assert mirror.push(commit, BRANCH, lease="") is True
    other = opened.writer().commit("config", base, [draft(after=b"x")])
    assert mirror.push(other, BRANCH, lease="") is False
    assert mirror.push(other, BRANCH, lease=base) is False
    assert mirror.push(other, BRANCH, lease=commit) is True
    assert BOT.email == "bot@example.com"
    assert upstream.ref(BRANCH) == other


def test_a_push_is_known_to_the_mirror_before_the_next_fetch(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    mirror, writer = opened.writer().mirrors["config"], opened.writer()
    commit = writer.commit("config", base, [draft()])
    writer.push_branch("config", BRANCH, commit)
    assert (mirror.tip(BRANCH), mirror.tip("main")) == (commit, base)
    assert writer.push_base("config", commit)
    assert mirror.tip("main") == commit
