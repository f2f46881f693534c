"""Every revert here is compared with the one that git itself makes in a working tree."""

import pytest
from contracts.mirrors.upstream import git

from bot.errors import Refusal, Unavailable
from bot.model.change import Draft, Edit

PAYMENT = "environments/production/payment"
FILE = f"{PAYMENT}/deployment.yaml"
API = "environments/production/api/deployment.yaml"


def by_git(upstream, commits, folders=(PAYMENT,)) -> str:
    """The tree after `git revert` of each commit, what it does to other folders left out."""
    upstream.git("checkout", "-q", "--detach", "main")
    for commit in commits:
        merge = upstream.git("rev-list", "--parents", "-1", commit).count(" ") > 1
        upstream.git("revert", "--no-commit", *(["-m", "1"] if merge else []), commit)
        if "" not in folders:
            upstream.git("reset", "-q", "HEAD", "--", ".", *[f":(exclude){folder}" for folder in folders])
        upstream.git("commit", "-q", "--allow-empty", "-m", "Revert")
        upstream.git("reset", "-q", "--hard")
        upstream.git("clean", "-q", "-fd")
    tree = upstream.git("rev-parse", "HEAD^{tree}")
    upstream.git("checkout", "-q", "main")
    return tree


def by_bot(opened, commits, folders=(PAYMENT,)):
    """The edits, and the tree they make as commits of the bot."""
    reader = opened.reader()
    base = reader.head("config").commit
    edits = reader.revert("config", commits, base, folders)
    if edits is None:
        return None, None
    made = opened.writer().commit("config", base, [Draft("Revert", each) for each in edits])
    return edits, opened.writer().mirrors["config"].root(made)


def version(number: int, above: bytes = b"") -> bytes:
    # Enough lines between the tag and the rest for a merge to keep them apart.
    return above + b"a\nb\nc\nd\nimage: payment:v%d\ne\nf\ng\nh\n" % number


@pytest.fixture
def promoted(upstream):
    upstream.commit({FILE: version(1)}, "Set up")
    sha = upstream.commit({FILE: version(2)}, "promote(production): payment v2 (#12)")
    upstream.push()
    return sha


def test_the_last_commit(upstream, mirrors, promoted):
    edits, tree = by_bot(mirrors(), [promoted])
    assert edits == ((Edit(FILE, version(2), version(1)),),)
    assert tree == by_git(upstream, [promoted])


def test_an_older_commit_keeps_what_came_after(upstream, mirrors, promoted):
    upstream.commit({FILE: version(2, b"# note\n"), API: b"image: api:v9\n"}, "Later")
    upstream.push()
    edits, tree = by_bot(mirrors(), [promoted])
    assert edits == ((Edit(FILE, version(2, b"# note\n"), version(1, b"# note\n")),),)
    assert tree == by_git(upstream, [promoted]) == by_git(upstream, [promoted], [""])


def test_a_commit_for_several_services_is_reverted_for_one(upstream, mirrors):
    upstream.commit({FILE: version(1)}, "Set up")
    both = upstream.commit({FILE: version(2), API: b"image: api:v2\n", "new.yaml": b"x\n"}, "Promote all (#13)")
    upstream.push()
    opened = mirrors()
    edits, tree = by_bot(opened, [both])
    assert [edit.path for each in edits for edit in each] == [FILE]
    assert tree == by_git(upstream, [both])
    assert by_bot(opened, [both], [""])[1] == by_git(upstream, [both], [""])
    folders = (PAYMENT, "environments/production/api")
    assert by_bot(opened, [both], folders)[1] == by_git(upstream, [both], folders)


def test_a_conflict_elsewhere_does_not_matter(upstream, mirrors):
    both = upstream.commit({FILE: b"image: payment:v2\n", API: b"image: api:v2\n"}, "Promote all")
    upstream.commit({API: b"image: api:v3\n"}, "Promote api")
    upstream.push()
    opened = mirrors()
    assert by_bot(opened, [both])[0] == ((Edit(FILE, b"image: payment:v2\n", b"image: payment:v1\n"),),)
    assert by_bot(opened, [both], [""]) == (None, None)


def test_a_merge_is_reverted_against_its_first_parent(upstream, mirrors):
    upstream.commit({FILE: version(1)}, "Set up")
    upstream.git("checkout", "-q", "-b", "topic")
    upstream.commit({FILE: version(2)}, "Promote")
    upstream.commit({f"{PAYMENT}/extra.yaml": b"x\n"}, "And more")
    upstream.git("checkout", "-q", "main")
    upstream.commit({API: b"image: api:v2\n"}, "Meanwhile")
    upstream.git("merge", "-q", "--no-ff", "-m", "Merge pull request #14 from acme/topic", "topic")
    merge = upstream.git("rev-parse", "HEAD")
    upstream.push()
    edits, tree = by_bot(mirrors(), [merge])
    assert edits == ((Edit(FILE, version(2), version(1)), Edit(f"{PAYMENT}/extra.yaml", b"x\n", None)),)
    assert tree == by_git(upstream, [merge]) == by_git(upstream, [merge], [""])


def test_several_commits_in_turn(upstream, mirrors, promoted):
    upstream.commit({API: b"image: api:v2\n"}, "Between")
    newer = upstream.commit({FILE: version(3)}, "promote payment v3")
    upstream.push()
    opened = mirrors()
    edits, tree = by_bot(opened, [newer, promoted])
    assert edits == ((Edit(FILE, version(3), version(2)),), (Edit(FILE, version(2), version(1)),))
    assert tree == by_git(upstream, [newer, promoted])
    assert by_bot(opened, [promoted]) == (None, None)


def test_row_146_a_revert_of_a_revert_brings_it_back(upstream, mirrors, promoted):
    upstream.git("revert", "--no-edit", promoted)
    undone = upstream.git("rev-parse", "HEAD")
    upstream.push()
    edits, tree = by_bot(mirrors(), [undone])
    assert edits == ((Edit(FILE, version(1), version(2)),),)
    assert tree == by_git(upstream, [undone])


def test_what_is_reverted_already_gives_no_edits(upstream, mirrors, promoted):
    upstream.git("revert", "--no-edit", promoted)
    upstream.push()
    assert by_bot(mirrors(), [promoted])[0] == ((),)


def test_a_service_that_the_commit_created_goes_and_one_it_removed_comes_back(upstream, mirrors):
    made = upstream.commit({"environments/production/new/a.yaml": b"a\n", "environments/production/new/b.yaml": b"b\n"})
    gone = upstream.commit({API: None}, "Remove api")
    upstream.push()
    opened = mirrors()
    new, api = ("environments/production/new",), ("environments/production/api",)
    assert by_bot(opened, [made], new)[1] == by_git(upstream, [made], new)
    assert by_bot(opened, [gone], api)[0] == ((Edit(API, None, b"image: api:v1\n"),),)
    assert by_bot(opened, [gone], api)[1] == by_git(upstream, [gone], api)


def test_row_143_the_first_commit_of_all_is_there_to_revert(upstream, mirrors):
    first = upstream.git("rev-list", "--max-parents=0", "main")
    edits, tree = by_bot(mirrors(), [first])
    assert edits == ((Edit(FILE, b"image: payment:v1\n", None),),)
    assert tree == by_git(upstream, [first])


@pytest.mark.parametrize("kind", ["mode", "executable", "symlink"])
def test_what_edits_can_not_say_counts_as_a_conflict(upstream, mirrors, kind):
    path = upstream.work / PAYMENT / "run.sh"
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o755)
    upstream.commit({}, "Add")
    if kind == "mode":
        path.chmod(0o644)
    else:
        path.unlink()
    if kind == "symlink":
        path.symlink_to("deployment.yaml")
    changed = upstream.commit({}, "Change")
    upstream.push()
    assert by_bot(mirrors(), [changed]) == (None, None)


def test_a_service_that_moved_since_is_not_reverted_where_it_is_now(upstream, mirrors, promoted):
    upstream.git("mv", PAYMENT, "environments/production/pay")
    upstream.commit({}, "Rename")
    upstream.push()
    assert by_bot(mirrors(), [promoted]) == (None, None)


def test_a_commit_that_is_not_there_is_refused(upstream, mirrors):
    with pytest.raises(Refusal, match="There is no commit"):
        by_bot(mirrors(), ["f" * 40])


def test_damage_ends_in_a_sentence_and_is_mended_by_the_next_command(upstream, mirrors, promoted):
    opened = mirrors()
    reader = opened.reader()
    base = reader.head("config").commit
    for pack in opened.writer().mirrors["config"].folder.glob("objects/pack/*"):
        pack.unlink()
    with pytest.raises(Unavailable):
        reader.revert("config", [promoted], base, [PAYMENT])
    again = opened.reader()
    edits = again.revert("config", [promoted], again.head("config").commit, [PAYMENT])
    assert edits == ((Edit(FILE, version(2), version(1)),),)


def test_a_folder_outside_the_repository_is_refused(upstream, mirrors, promoted):
    with pytest.raises(Refusal, match="not a path inside a repository"):
        by_bot(mirrors(), [promoted], ["../.."])


def test_nothing_but_loose_objects_is_written(upstream, mirrors, promoted):
    opened = mirrors()
    opened.reader().head("config")
    folder = opened.writer().mirrors["config"].folder

    def everything() -> set[str]:
        found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return {path for path in found if not path.startswith("objects/")} | {git(folder, "for-each-ref")}

    before = everything()
    assert by_bot(opened, [promoted])[0]
    assert everything() == before
