import pytest

from bot.errors import Refusal
from bot.manifests.yamltext import Text, decode, encode, follow, get, scalar, walk


@pytest.mark.parametrize(
    "data",
    [b"a: 1\r\nb: 2\r\n", b"\xef\xbb\xbfa: 1\n", b"\xef\xbb\xbf\xef\xbb\xbfa", b"a: 1", b"", "a: é🚢\u2028\n".encode()],
)
def test_bytes_survive_decoding(data: bytes) -> None:
    assert encode(decode(data, "a.yaml")) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(
            "a: é\n".encode("utf-16"), "a.yaml is encoded in UTF-16 or UTF-32; save it as UTF-8.", id="UTF-16"
        ),
        pytest.param("a: é\n".encode("utf-16-be"), "a.yaml is encoded in UTF-16 or UTF-32", id="UTF-16 without mark"),
        pytest.param("a: 1\nb: é\n".encode("latin-1"), "a.yaml:2 is not UTF-8 (perhaps Windows-1252", id="ISO-8859-1"),
        pytest.param(b"\0GITCRYPT\0\x8a\x99", "encrypted by git-crypt; it is not a text manifest", id="git-crypt"),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "is a Git LFS pointer", id="LFS"
        ),
    ],
)
def test_row_59_what_is_no_utf_8_text_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        decode(data, "a.yaml")
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("a: 1\nb: [\n", "a.yaml:3:1 is not YAML: did not find expected node content.", id="row-63"),
        pytest.param(
            "a: b: c\n", "a.yaml:1:5 is not YAML: mapping values are not allowed in this context.", id="row-63 map"
        ),
        pytest.param(
            "é: 1\na: \x07\n", "a.yaml:2 is not YAML: control characters are not allowed.", id="control character"
        ),
        pytest.param("\na: {{ .x }}:{{ .y }}\n", "a.yaml:2 is a template (“{{ }}”), not a manifest", id="row-27"),
        pytest.param("a: 1\n{{- if .x }}\nb: 1\n{{- end }}\n", "a.yaml:2 is a template", id="row-28"),
        pytest.param("a: 1\nb: {{ .V }}\n", "a.yaml:2 is a template", id="a template that parses"),
        pytest.param("a: " + "[" * 100_000, "a.yaml is nested more than 250 levels deep", id="deep"),
        pytest.param("- " * 300 + "a", "a.yaml is nested more than 250 levels deep", id="deep lists"),
        pytest.param("a: &a b\nb: *c\n", "a.yaml:2:4 is not YAML: found undefined alias.", id="undefined alias"),
    ],
)
def test_what_is_no_yaml_is_refused_by_file_and_line(content: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        _ = Text("a.yaml", content).documents
    assert why in str(refusal.value)


def test_braces_in_quotes_and_comments_are_no_template() -> None:
    text = Text("a.yaml", "# {{ x }}\na: '{{ .y }}'\nb: x-{{ z }}\nc: {a: {b: 1}}\n")
    assert scalar(get(text.documents[0], "b")) == "x-{{ z }}"


def test_many_braces_that_are_not_deep_are_read() -> None:
    assert len(Text("a.yaml", "[" + "{a: []}," * 500 + "]").documents) == 1


def test_aliases_that_grow_and_lists_that_hold_themselves_are_walked_once() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    (root,) = Text("a.yaml", bomb + "me: &me [*me]\n").documents
    assert len(list(walk(root))) == 1 + 40 + 1


def test_the_line_is_the_values_even_below_its_anchor_and_separators() -> None:
    text = Text("a.yaml", 'x: "a\u2028b"\r\na: &anchor\r\n  x\r\n')
    node = follow(text.documents[0], ("a",))
    assert node is not None
    assert text.line(node) == 3


def test_a_merged_value_is_found_where_the_mapping_has_none_of_its_own() -> None:
    text = Text("a.yaml", "b: &b {x: 1, y: 2}\nc: &c {y: 3}\na: {<<: [*c, *b], x: 4}\n")
    values = [scalar(follow(text.documents[0], ("a", key))) for key in ("x", "y", "z")]
    assert values == ["4", "3", None]


@pytest.mark.parametrize("path", [("a", 2), ("a", "b"), ("x",), (0,), ("a", 0, "b")])
def test_a_path_that_leads_nowhere_gives_nothing(path: tuple[str | int, ...]) -> None:
    (root,) = Text("a.yaml", "a: [1, 2]\n").documents
    assert follow(root, path) is None


def test_an_anchor_named_twice_means_the_last_one_before_the_alias() -> None:
    text = Text("a.yaml", "a: &x 1\nb: &x 2\nc: *x\n")
    assert scalar(get(text.documents[0], "c")) == "2"
