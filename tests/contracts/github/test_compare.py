"""What lies between two versions of a service's source."""

import pytest

from bot.errors import Refusal
from bot.model.change import Comparison, Entry


@pytest.fixture
def source(world):
    return world.github.create_repository("acme/payment", {"main.py": b"0\n"})


def commit(world, source, number, message="Change", by=None):
    return source.commit("main", {"main.py": b"%d\n" % number}, message, by or world.ana)


def tag(source, name, sha):
    source.bare.point(f"refs/tags/{name}", sha)


def test_commits_are_told_newest_first_with_authors_and_pull_requests(world, adapter, source):
    first = commit(world, source, 1, "Begin")
    tag(source, "v1.2.0", first)
    second = commit(world, source, 2, "Round half up (#7)\n\nBecause (#1)", world.ben)
    third = commit(world, source, 3, "Merge pull request #8 from acme/x\n\nTitle")
    tag(source, "v1.3.0", third)
    page = f"{world.url}/github/acme/payment"
    found = adapter.compare("acme/payment", "v1.2.0", "v1.3.0")
    assert found == Comparison(
        url=f"{page}/compare/v1.2.0...v1.3.0",
        entries=(
            Entry(third, "Merge pull request #8 from acme/x", "ana", f"{page}/commit/{third}", 8),
            Entry(second, "Round half up (#7)", "ben", f"{page}/commit/{second}", 7),
        ),
        total=2,
        missing=0,
    )


def test_who_has_no_account_is_named_as_in_the_commit(world, adapter, source):
    tag(source, "v1", source.bare.branches()["main"])
    tree = source.bare.log("main", 1)[0]
    stranger = type(tree.author)("Zoe", "zoe@example.com", world.github.now())
    tag(source, "v2", source.bare.make_commit(tree.tree, [tree.sha], "By hand\n", stranger, stranger))
    assert [each.author for each in adapter.compare("acme/payment", "v1", "v2").entries] == ["Zoe"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("v1.2.0", "v1.3.0"),
        ("1.2.0", "1.3.0"),
        ("v1.2.0@sha256:" + "a" * 64, "1.3.0@sha256:" + "b" * 64),
        ("main-{first}", "sha-{second}"),
        ("{first}", "v1.3.0-1-g{second}"),
    ],
)
def test_versions_are_tags_with_or_without_v_or_commits(world, adapter, source, older, newer):
    first, second = commit(world, source, 1), commit(world, source, 2)
    tag(source, "v1.2.0", first)
    tag(source, "1.3.0", second)
    short = {"first": first[:7], "second": second[:10]}
    found = adapter.compare("acme/payment", older.format(**short), newer.format(**short))
    assert [each.sha for each in found.entries] == [second]


def test_a_version_that_is_no_tag_is_refused(world, adapter, source):
    tag(source, "v1.2.0", source.bare.branches()["main"])
    with pytest.raises(Refusal) as refused:
        adapter.compare("acme/payment", "v1.2.0", "v1.3.0")
    assert str(refused.value) == (
        "acme/payment has no tag v1.3.0 or 1.3.0, or the bot may not read it: what changed there can't be told."
    )
    with pytest.raises(Refusal, match="digest sha256:aaaaaaaaaaaa… does not tell which commit of acme/payment"):
        adapter.compare("acme/payment", "sha256:" + "a" * 64, "v1.2.0")


def test_a_way_back_and_a_fork_miss_something(world, adapter, source):
    tag(source, "v1", commit(world, source, 1))
    base = source.bare.branches()["main"]
    tag(source, "v2", commit(world, source, 2))
    source.bare.point("refs/heads/other", base)
    tag(source, "v1.1", source.commit("other", {"b": b"1"}, "Fix", world.ben))
    back = adapter.compare("acme/payment", "v2", "v1")
    assert (back.entries, back.total, back.missing) == ((), 0, 1)
    aside = adapter.compare("acme/payment", "v2", "v1.1")
    assert (len(aside.entries), aside.total, aside.missing) == (1, 1, 1)


def test_of_many_the_newest_are_told_and_all_are_counted(world, adapter, source):
    tag(source, "v1", source.bare.branches()["main"])
    who = world.ana.signature(world.github.now())
    texts = [f"{number}\n" for number in range(412)]
    commits = [f"commit refs/heads/main\ncommitter {who}\ndata {len(text)}\n{text}" for text in texts]
    commits[0] += "from refs/heads/main^0\n"
    source.bare._git("fast-import", "--quiet", stdin="".join(commits).encode())
    tag(source, "v2", source.bare.branches()["main"])
    found = adapter.compare("acme/payment", "v1", "v2")
    assert (found.total, len(found.entries)) == (412, 212)
    assert [each.subject for each in found.entries] == [str(number) for number in range(411, 199, -1)]
