"""A commit's folders listed in one go are the same as read one by one."""

import pytest

from bot.mirrors import contents
from bot.mirrors.tree import CommitTree

FILES = {
    "a/b/c.yaml": b"1\n",
    "a/b.yaml": b"2\n",
    "a-b/c.yaml": b"1\n",
    "same/b/c.yaml": b"1\n",
    "name with \n lines \xc3\xa9/d.yaml": b"3\n",
    "top.yaml": b"4\n",
}


@pytest.fixture
def both(upstream, mirrors):
    (upstream.work / "link").symlink_to("a")
    upstream.commit(FILES)
    upstream.push()
    opened = mirrors()
    listed = opened.reader().head("config")
    archive = opened._archives["config"]
    archive.contents.list(listed.commit)
    return listed, CommitTree(archive.mirror, listed.commit), archive.contents


def test_a_list_is_the_same_as_one_by_one(both):
    listed, plain, _ = both
    assert listed.files("") == plain.files("")
    assert set(FILES) <= {name.encode("utf-8", "surrogateescape").decode() for name in listed.files("")}
    for folder in ("", "a", "a/b", "same", "link", "nowhere", "top.yaml"):
        assert listed.folders(folder) == plain.folders(folder)
        assert listed.identity(folder) == plain.identity(folder)
    assert listed.find("link") == plain.find("link")


def test_files_ahead_are_the_files(both):
    listed, plain, known = both
    ahead = known.ahead(listed, ["a", "same/b", "nowhere", "top.yaml"])
    for path in (*plain.files(""), "nowhere"):
        assert ahead.read(path) == plain.read(path)


def test_what_is_too_big_to_be_one_of_thousands_is_read_alone(both, monkeypatch):
    listed, plain, known = both
    monkeypatch.setattr(contents, "_SMALL", 1)
    assert known.ahead(listed, ["a"]).read("a/b.yaml") == plain.read("a/b.yaml") == b"2\n"


def test_more_than_there_is_room_for_is_forgotten_and_read_again(both, monkeypatch):
    listed, plain, known = both
    monkeypatch.setattr(contents, "_ROOM", 1)
    known._room = 0
    for _ in range(2):
        known._listed = {}
        assert listed.files("") == plain.files("")
    known.list(listed.commit)
    assert listed.files("") == plain.files("")
