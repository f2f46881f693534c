"""Who moved which version, read from real histories, friendly and hostile."""

from datetime import UTC, datetime

from bot.model.catalog import Target

PAYMENT = "environments/production/payment"
FILE = f"{PAYMENT}/deployment.yaml"
TARGET = Target("payment", "production", "config", (PAYMENT,))


def image(version: str) -> bytes:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: payment}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: payment\n          image: registry.example.com/payment:{version}\n"
    ).encode()


def moves(opened, target=TARGET):
    return [(move.from_version, move.to_version, move.by) for move in opened.reader().moves(target)]


def test_log_is_of_the_folders_first_parents_newest_first(upstream, mirrors):
    upstream.commit({FILE: b"1\n"}, "One")
    upstream.commit({"README.md": b"x"}, "Elsewhere")
    upstream.git("checkout", "-q", "-b", "topic")
    upstream.commit({FILE: b"2\n"}, "On the side")
    upstream.git("checkout", "-q", "main")
    upstream.commit({"environments/production/api/deployment.yaml": b"2\n"}, "Api")
    upstream.git(
        "merge", "-q", "--no-ff", "-m", "Merge pull request #7 from acme/topic", "topic", who="Bo <bo@example.com>"
    )
    upstream.push()
    reader = mirrors().reader()
    found = list(reader.log("config", [PAYMENT]))
    assert [commit.subject for commit in found] == ["Merge pull request #7 from acme/topic", "One", "Begin"]
    assert found[0].parents == tuple(upstream.git("rev-parse", "main^1", "main^2").split())
    assert (found[0].author, found[0].email) == ("Bo", "bo@example.com")
    assert found[0].at == datetime.fromtimestamp(int(upstream.git("show", "-s", "--format=%ct", "main")), UTC)
    assert list(reader.log("config", ["nowhere"])) == []
    everything = upstream.git("log", "--first-parent", "--format=%H", "main").splitlines()
    assert [commit.sha for commit in reader.log("config", [""])] == everything


def test_a_long_history_is_read_as_it_comes(upstream, mirrors):
    stream = []
    for number in range(700):
        stream.append(f"commit refs/heads/main\ncommitter A <a@example.com> {1700000000 + number} +0000\n")
        stream.append(f"data <<END\nCommit {number} {'x' * 100}\nEND\n")
        stream.append(f"from {upstream.ref()}\n" if number == 0 else "")
        stream.append(f"M 100644 inline {FILE}\ndata <<END\n{number}\nEND\n")
    upstream.git("fast-import", "--quiet", stdin="".join(stream).encode())
    upstream.git("reset", "-q", "--hard")
    upstream.push()
    reader = mirrors().reader()
    log = reader.log("config", [PAYMENT])
    assert next(log).subject.startswith("Commit 699 ")
    log.close()
    assert sum(1 for _ in reader.log("config", [PAYMENT])) == 701


def test_trailers_are_what_git_says_they_are(upstream, mirrors):
    hostile = (
        "Subject with \x1e and \x1f\n\nRequested-by: not a trailer, since a line follows\nso it is text\n\n"
        "Requested-by: Ana\nRequested-by: Bo\nQuarterdeck-Change: 1\u2028Quarterdeck-To: v9\n continued\n"
    )
    upstream.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-", stdin=hostile.encode())
    upstream.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    upstream.git("commit", "-q", "--allow-empty", "-F", "-", stdin=b"No trailers: here\n\nJust: text\nand more text")
    upstream.push()
    found = list(mirrors().reader().log("config", [""]))
    assert found[0].trailers == {}
    assert (found[1].message, found[1].trailers) == ("", {})
    assert found[2].message == hostile.rstrip("\n")
    assert found[2].trailers == {"Requested-by": "Bo", "Quarterdeck-Change": "1\u2028Quarterdeck-To: v9 continued"}


def test_names_and_messages_that_are_not_utf8_and_dates_beyond_all_calendars(upstream, mirrors):
    tree, parent = upstream.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    raw = (
        f"tree {tree}\nparent {parent}\n".encode()
        + b"author Andr\xe9 <a\xe9@example.com> 99999999999999999 +0000\n"
        + b"committer X <x@example.com> 99999999999999999 +0000\n\nCaf\xe9\n"
    )
    commit = upstream.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=raw)
    upstream.push(f"{commit}:refs/heads/main")
    newest = next(mirrors().reader().log("config", [""]))
    assert (newest.author, newest.message) == ("Andr\ufffd", "Caf\ufffd")
    assert newest.at == datetime.fromtimestamp(0, UTC)


def test_rows_139_and_140_moves_of_pushes_squashes_and_merges(upstream, mirrors):
    upstream.commit({FILE: image("v1")}, "Set up")
    upstream.commit({FILE: image("v1") + b"# note\n"}, "Note")
    upstream.commit({FILE: image("v2")}, "Promote payment (#12)\n\nText (#99)\n\nRequested-by: Bo")
    upstream.git("checkout", "-q", "-b", "topic")
    upstream.commit({FILE: image("v3")}, "Promote\n\nRequested-by: Cy\nQuarterdeck-Change: 3")
    upstream.commit({"environments/production/api/x.yaml": b"x"}, "Other\n\nRequested-by: Di")
    upstream.git("checkout", "-q", "main")
    upstream.git("merge", "-q", "--no-ff", "-m", "Merge pull request #13 from acme/topic", "topic")
    merge = upstream.git("rev-parse", "HEAD")
    upstream.git("revert", "--no-edit", "-m", "1", merge)
    upstream.push()
    found = list(mirrors().reader().moves(TARGET))
    assert [(move.from_version, move.to_version, move.by, move.pull) for move in found] == [
        ("v3", "v2", "Ana", None),
        ("v2", "v3", "Cy", 13),
        ("v1", "v2", "Bo", 12),
        (None, "v1", "Ana", None),
    ]
    assert found[1].commit.sha == merge
    assert found[1].commit.trailers == {"Requested-by": "Cy", "Quarterdeck-Change": "3"}
    assert {move.target for move in found} == {TARGET}


def test_a_version_that_can_not_be_told_counts_as_none(upstream, mirrors):
    upstream.commit({FILE: image("v1")}, "Set up")
    upstream.commit({FILE: b"kind: [\n"}, "Break")
    upstream.commit({FILE: image("v2")}, "Mend")
    upstream.commit({FILE: None}, "Remove")
    upstream.push()
    assert moves(mirrors()) == [("v2", None, "Ana"), (None, "v2", "Ana"), ("v1", None, "Ana"), (None, "v1", "Ana")]


def test_versions_are_remembered_by_content_bases_included(upstream, mirrors):
    asked = []

    def version(tree, target):
        asked.append(tree.commit)
        base, own = tree.read("base/version"), tree.read(f"{PAYMENT}/version")
        return ((own or b"") + (base or b"")).decode() or None

    upstream.commit({"base/version": b"b1", f"{PAYMENT}/version": b""}, "Set up")
    upstream.commit({"base/version": b"b2"}, "Move the base")
    upstream.commit({f"{PAYMENT}/version": b"o1"}, "Move our own")
    upstream.push()
    opened = mirrors(version=version)
    assert [each[:2] for each in moves(opened)] == [("b2", "o1b2"), ("b1", "b2"), (None, "b1")]
    first = len(asked)
    assert [each[:2] for each in moves(opened)] == [("b2", "o1b2"), ("b1", "b2"), (None, "b1")]
    assert len(asked) == first > 0


def test_a_change_is_found_by_its_trailer_alone(upstream, mirrors):
    found = upstream.commit({FILE: b"1\n"}, "One\n\nQuarterdeck-Change: C1:1")
    upstream.commit({FILE: b"2\n"}, "Talks about\n\nQuarterdeck-Change: C1:1\n\nin its text")
    upstream.commit({FILE: b"3\n"}, "Longer\n\nQuarterdeck-Change: C1:12")
    upstream.commit({"elsewhere": b"3\n"}, "Elsewhere\n\nQuarterdeck-Change: C2")
    upstream.push()
    reader = mirrors().reader()
    assert reader.find_change(TARGET, "C1:1") == found
    assert reader.find_change(TARGET, "C2") is None
    assert reader.find_change(TARGET, ".*") is None
    assert reader.find_change(TARGET, "--all") is None


def test_a_change_that_a_merge_brought_is_found(upstream, mirrors):
    upstream.commit({FILE: image("v1")}, "Set up")
    upstream.git("checkout", "-q", "-b", "topic")
    found = upstream.commit({FILE: image("v2")}, "Promote\n\nQuarterdeck-Change: C1")
    upstream.git("checkout", "-q", "main")
    upstream.commit({"README.md": b"x"}, "Elsewhere")
    upstream.push()
    assert mirrors().reader().find_change(TARGET, "C1") is None
    upstream.git("merge", "-q", "--no-ff", "-m", "Merge pull request #13 from acme/topic", "topic")
    upstream.push()
    assert mirrors().reader().find_change(TARGET, "C1") == found


BASE = (
    "kind: Kustomization\nresources: [deployment.yaml]\n"
    "images:\n- name: registry.example.com/payment\n  newTag: {tag}\n"
)


def based(name: str, tag: str) -> dict[str, bytes | None]:
    return {f"{name}/kustomization.yaml": BASE.format(tag=tag).encode(), f"{name}/deployment.yaml": image("v0")}


def overlay(base: str) -> dict[str, bytes | None]:
    text = f"kind: Kustomization\nresources: [../../../{base}]\n"
    return {f"{PAYMENT}/kustomization.yaml": text.encode()}


def test_a_version_that_a_base_moves_has_a_history(upstream, mirrors):
    upstream.commit(based("one", "v1") | based("two", "v5") | overlay("one"), "Set up")
    upstream.commit(based("one", "v2"), "Promote (#8)\n\nRequested-by: Bo")
    upstream.commit(based("two", "v6"), "Nothing of ours yet")
    upstream.commit(overlay("two"), "Another base")
    upstream.commit(based("one", "v3"), "Nothing of ours any more")
    upstream.commit(based("two", "v7"), "By hand", who="Cy <cy@example.com>")
    upstream.push()
    expected = [("v6", "v7", "Cy"), ("v2", "v6", "Ana"), ("v1", "v2", "Bo"), (None, "v1", "Ana")]
    assert moves(mirrors())[: len(expected)] == expected
    assert [move.pull for move in mirrors().reader().moves(TARGET)][:3] == [None, None, 8]


def test_a_history_goes_on_from_where_another_process_left_it(upstream, mirrors):
    upstream.commit({FILE: image("v1")}, "Set up")
    upstream.commit({FILE: image("v2")}, "Promote", who="Bo <bo@example.com>")
    upstream.push()
    asked = []

    def version(tree, target):
        asked.append(tree.commit)
        return (tree.read(FILE) or b":").rsplit(b":", 1)[1].decode().strip() or None

    before = [("v1", "v2", "Bo"), (None, "v1", "Ana")]
    assert moves(mirrors(version=version))[:2] == before
    first = len(asked)
    assert moves(mirrors(version=version))[:2] == before
    assert len(asked) == first, "the notes of the first process were not used"
    upstream.commit({"README.md": b"x"}, "Elsewhere")
    upstream.commit({FILE: image("v3")}, "Promote on")
    upstream.commit({f"{PAYMENT}/odd \n name\xff.yaml": b"x"}, "A name of two lines")
    upstream.push()
    assert moves(mirrors(version=version))[:3] == [("v2", "v3", "Ana"), *before]
    assert len(asked) - first <= 4, "what was known is told again"


def test_a_history_that_was_rewritten_is_told_anew(upstream, mirrors):
    upstream.commit({FILE: image("v1")}, "Set up")
    upstream.commit({FILE: image("v2")}, "Promote")
    upstream.push()
    opened = mirrors()
    assert moves(opened)[0] == ("v1", "v2", "Ana")
    upstream.git("reset", "-q", "--hard", "HEAD^")
    upstream.commit({FILE: image("v3")}, "Promote otherwise")
    upstream.push("--force", "main")
    assert moves(opened)[0] == ("v1", "v3", "Ana")
    upstream.git("reset", "-q", "--hard", "HEAD^")
    upstream.push("--force", "main")
    assert moves(opened)[0][1] == "v1"


def test_moves_are_found_as_they_are_asked_for_and_all_in_the_end(upstream, mirrors):
    for number in range(20):
        upstream.commit({FILE: image(f"v{number}")}, f"Promote {number}")
    upstream.push()
    opened = mirrors()
    newest = next(opened.reader().moves(TARGET))
    assert (newest.from_version, newest.to_version) == ("v18", "v19")
    told = [move.to_version for move in opened.reader().moves(TARGET)]
    assert told[:20] == [f"v{number}" for number in reversed(range(20))]
    assert [move.to_version for move in mirrors().reader().moves(TARGET)] == told
