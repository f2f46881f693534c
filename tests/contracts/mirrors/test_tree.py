"""Reading one commit's files: what is there, and what is hostile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.mirrors.tree import FILE, FOLDER, Entry, parse, serialise, split

PAYMENT = "environments/production/payment"


def raw_tree(upstream, listing: bytes) -> str:
    from_mktree = upstream.git("mktree", "-z", "--missing", stdin=listing)
    commit = upstream.git("commit-tree", from_mktree, "-m", "Made by hand")
    upstream.push(f"+{commit}:refs/heads/main")
    return commit


def test_files_folders_and_ids_are_those_of_git(upstream, mirrors):
    tree = mirrors().reader().head("config")
    assert tree.commit == upstream.ref()
    assert tree.read(f"{PAYMENT}/deployment.yaml") == b"image: payment:v1\n"
    assert tree.read(f"{PAYMENT}/nothing.yaml") is None
    assert tree.read(PAYMENT) is None
    assert tree.read(f"{PAYMENT}/deployment.yaml/below") is None
    assert tree.files("environments/production") == (
        "environments/production/api/deployment.yaml",
        "environments/production/payment/deployment.yaml",
    )
    assert tree.files("") == tuple(upstream.git("ls-files").splitlines())
    assert tree.files("elsewhere") == ()
    assert tree.folders("environments") == ("production", "staging")
    assert tree.folders("") == ("environments",)
    assert tree.folders("elsewhere") == ()
    for path in (PAYMENT, f"{PAYMENT}/deployment.yaml", "environments"):
        assert tree.identity(path) == upstream.git("rev-parse", f"HEAD:{path}")
        assert tree.identity(f"{path}/") == tree.identity(path)
    assert tree.identity("") == upstream.git("rev-parse", "HEAD^{tree}")
    assert tree.identity("elsewhere") is None


def test_a_path_that_could_leave_the_repository_is_refused(upstream, mirrors):
    tree = mirrors().reader().head("config")
    for path in ("../secret", "a/../b", "a//b", "./a", ".git/config", "a/.GIT/x", "a\0b", "\udcff"):
        for look in (tree.read, tree.files, tree.folders, tree.identity):
            with pytest.raises(Refusal, match="not a path inside a repository"):
                look(path)


def test_symlinks_and_submodules_are_left_out_and_refused(upstream, mirrors):
    (upstream.work / "link.yaml").symlink_to("environments/production/api/deployment.yaml")
    (upstream.work / "folder").symlink_to("environments")
    (upstream.work / "out").symlink_to("/etc")
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{upstream.ref()},module")
    upstream.git("add", "link.yaml", "folder", "out")
    upstream.git("commit", "-q", "-m", "Link")
    upstream.push()
    tree = mirrors().reader().head("config")
    assert [path for path in tree.files("") if not path.startswith("environments/")] == []
    assert tree.folders("") == ("environments",)
    for path, kind in {
        "link.yaml": "symlink",
        "folder/production": "symlink",
        "out/passwd": "symlink",
        "module": "submodule",
        "module/x": "submodule",
    }.items():
        with pytest.raises(Refusal, match=kind):
            tree.read(path)
        assert tree.identity(path) is None
        assert tree.files(path) == ()


def test_hostile_names_neither_escape_nor_hide_their_neighbours(upstream, mirrors):
    blob = upstream.git("hash-object", "-w", "--stdin", stdin=b"kind: X\n")
    names = [b"a b.yaml", b"-rf", b"line\nbreak.yaml", "grüße.yaml".encode(), b"latin-\xe9.yaml", b"tab\t.yaml", b"*"]
    listing = b"".join(b"100644 blob " + blob.encode() + b"\t" + name + b"\0" for name in names)
    raw_tree(upstream, listing)
    tree = mirrors().reader().head("config")
    readable = ("*", "-rf", "a b.yaml", "grüße.yaml", "line\nbreak.yaml", "tab\t.yaml")
    assert tree.files("") == readable
    assert {tree.read(path) for path in readable} == {b"kind: X\n"}


def test_entries_no_honest_tree_holds_are_left_out(upstream, mirrors):
    inner = parse(b"100644 x.yaml\0" + bytes(20))
    assert serialise(inner) == b"100644 x.yaml\0" + bytes(20)
    blob = upstream.git("hash-object", "-w", "--stdin", stdin=b"kind: X\n")
    evil = serialise({name: Entry(FILE, blob) for name in (b"..", b".git", b".GIT", b".", b"good.yaml")})
    tree = upstream.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=evil)
    commit = upstream.git("commit-tree", tree, "-m", "Evil")
    upstream.push(f"+{commit}:refs/heads/main")
    assert mirrors().reader().head("config").files("") == ("good.yaml",)


def test_a_file_too_big_for_a_manifest_is_refused_and_reading_goes_on(upstream, mirrors):
    upstream.commit({"big.yaml": bytes(10_000_001), "fits.yaml": b"x"})
    upstream.push()
    tree = mirrors().reader().head("config")
    with pytest.raises(Refusal, match=r"big\.yaml has more than 10 MB"):
        tree.read("big.yaml")
    assert tree.read("fits.yaml") == b"x"


def test_one_commit_stays_as_it_is_while_the_branch_moves(upstream, mirrors):
    opened = mirrors()
    old = opened.reader().head("config")
    upstream.commit({f"{PAYMENT}/deployment.yaml": b"image: payment:v2\n"})
    upstream.push()
    assert opened.reader().head("config").read(f"{PAYMENT}/deployment.yaml") == b"image: payment:v2\n"
    assert old.read(f"{PAYMENT}/deployment.yaml") == b"image: payment:v1\n"
    assert opened.reader().at("config", old.commit).files(PAYMENT) == old.files(PAYMENT)


def test_a_commit_that_is_not_there_is_refused(upstream, mirrors):
    reader = mirrors().reader()
    tree = upstream.git("rev-parse", "HEAD^{tree}")
    for commit in ("0" * 40, "main", "HEAD", "abc", "a\nb", "--all", "", tree):
        with pytest.raises(Refusal, match="There is no commit"):
            reader.at("config", commit)


names = st.binary(min_size=1, max_size=6).filter(lambda name: b"\0" not in name and b"/" not in name)
entries = st.builds(Entry, st.sampled_from([FILE, FOLDER, b"100755", b"100664", b"120000"]), st.just("ab" * 20))


@given(st.dictionaries(names, entries))
def test_a_tree_taken_apart_and_put_together_is_the_same(tree):
    assert parse(serialise(tree)) == tree
    assert serialise(parse(serialise(tree))) == serialise(tree)


def test_git_itself_sorts_a_tree_alike(upstream):
    blob = upstream.git("hash-object", "-w", "--stdin")
    empty = upstream.git("mktree", stdin=b"")
    tree = {b"a": Entry(FOLDER, empty), b"a.b": Entry(FILE, blob), b"a-b": Entry(FILE, blob), b"a0": Entry(FILE, blob)}
    listing = f"040000 tree {empty}\ta\n" + "".join(f"100644 blob {blob}\t{name}\n" for name in ("a.b", "a-b", "a0"))
    theirs = upstream.git("mktree", stdin=listing.encode())
    assert upstream.git("hash-object", "-t", "tree", "--stdin", stdin=serialise(tree)) == theirs


@given(st.text(max_size=12))
def test_a_path_is_split_into_names_or_refused(path):
    try:
        parts = split(path)
    except Refusal:
        return
    assert not {b"", b".", b"..", b".git"} & {part.lower() for part in parts}
    assert b"/".join(parts).decode() == path.strip("/")
