"""Which keys of Helm values are images, what is made of them, and what is refused. Bytes are the golden cases'."""

import pytest

from bot.errors import Refusal
from bot.manifests import formats, helm_values
from bot.manifests.yamltext import Text

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
BARE = "c" * 64


def values(content: str, file: str = "values.yaml") -> Text:
    return Text(file, content)


def found(content: str, file: str = "values.yaml") -> list[tuple[str, str, int]]:
    return [(pin.key, str(pin.image), pin.line) for pin in helm_values.find(values(content, file))]


def moved(content: str, version: str) -> str:
    text = values(content)
    (pin,) = helm_values.find(text)
    return formats.write(text, {pin: version}).content


def refused(content: str, version: str = "v1.3.0") -> str:
    with pytest.raises(Refusal) as refusal:
        moved(content, version)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("content", "places"),
    [
        pytest.param("image: {repository: a/b, tag: v1}", [("image", "a/b:v1", 1)], id="row-86"),
        pytest.param("image: {registry: r.io, repository: a/b, tag: v1}", [("image", "r.io/a/b:v1", 1)], id="row-87"),
        pytest.param("image: {registry: r.io, repository: r.io/a, tag: v1}", [("image", "r.io/a:v1", 1)], id="once"),
        pytest.param("image: {name: a/b, version: v1}", [("image", "a/b:v1", 1)], id="row-87 name and version"),
        pytest.param("image: {image: a/b, tag: v1}", [("image", "a/b:v1", 1)], id="image in image"),
        pytest.param("image: {name: a/b:v1}", [("image", "a/b:v1", 1)], id="whole in name"),
        pytest.param("image: {repository: a/b:v1}", [("image", "a/b:v1", 1)], id="whole in repository"),
        pytest.param("x: {image: a/b, name: x, tag: v1}", [("x", "a/b:v1", 1)], id="tag beside image"),
        pytest.param("x: {repository: a/b, tag: v1}", [("x", "a/b:v1", 1)], id="repository and tag anywhere"),
        pytest.param(
            "xImage: a/b\nxImageTag: v1\nyImage: c:v2", [("xImage", "a/b:v1", 2), ("yImage", "c:v2", 3)], id="flat"
        ),
        pytest.param("image: a/b\nimageDigest: " + OLD, [("image", f"a/b@{OLD}", 2)], id="flat digest"),
        pytest.param(f"image: {{repository: a/b, sha: {BARE}}}", [("image", f"a/b@sha256:{BARE}", 1)], id="bare sha"),
        pytest.param("FOO_IMAGE: a/b:v1", [("FOO_IMAGE", "a/b:v1", 1)], id="upper case"),
        pytest.param("image.repository: a/b\nimage.tag: v1", [("image", "a/b:v1", 2)], id="row-91 literal keys"),
        pytest.param(
            "image: [{tag: v1, name: a}, {image: b:v2}]",
            [("image.a", "a:v1", 1), ("image.1.image", "b:v2", 1)],
            id="row-91 a list",
        ),
        pytest.param(
            "images: [a/b:v1, x, {repository: c, tag: 2}]",
            [("images.0", "a/b:v1", 1), ("images.2", "c:2", 1)],
            id="row-91 a list of both",
        ),
        pytest.param(
            "a: {image: {tag: v1}}\nb: {image: {tag: v2}}",
            [("a.image", ":v1", 1), ("b.image", ":v2", 2)],
            id="row-90 versions alone",
        ),
        pytest.param("image_tag: v1\npromote: true", [("image", ":v1", 1)], id="row-102"),
        pytest.param("payment: {tag: v1}", [("payment", ":v1", 1)], id="a lone tag where nothing is better"),
        pytest.param("x: {tag: v1}\nimage: a:v2", [("image", "a:v2", 2)], id="a lone tag beside an image"),
        pytest.param(
            "b: &b {repository: a/b, tag: v1}\nimage: *b", [("b", "a/b:v1", 1)], id="an alias is no second place"
        ),
        pytest.param("b: &b {repository: a/b}\nimage: {<<: *b, tag: v1}", [("image", "a/b:v1", 2)], id="row-49 merged"),
        pytest.param(
            "parameters: [{name: web.image.tag, value: v1}]",
            [("parameters.web.image", ":v1", 1)],
            id="row-93 parameters of an Application that values make",
        ),
    ],
)
def test_rows_86_to_91_places_of_images(content: str, places: list[tuple[str, str, int]]) -> None:
    assert found(content) == places


@pytest.mark.parametrize(
    "content",
    [
        "image: {pullPolicy: Always}",
        "imagePullPolicy: Always\nimagePullSecrets: [a:b]",
        "image: https://example.com/logo.png",
        "image: acme/payment",
        "logo: {image: 'not a:reference'}",
        "source: {repository: https://github.com/acme/payment, tag: v1}",
        "git: {url: git@github.com:acme/x, tag: v1}",
        "chart: {name: payment, version: 1.2.3, repository: bitnami}",
        "version: 1.2.3\ndigest: x\nname: payment",
        "filter: {tag: 'kube.*'}",
        "useImageTag: true",
        "- image: a/b:v1",
        "kind: Pod\nimage: {repository: a/b, tag: v1}",
        "apiVersion: v2\nimage: {repository: a/b, tag: v1}",
    ],
)
def test_what_is_no_image_of_values(content: str) -> None:
    assert found(content) == []


@pytest.mark.parametrize("file", ["Chart.yaml", "kustomization.yaml", "quarterdeck.yaml", ".argocd-source.yaml"])
def test_files_that_are_something_else(file: str) -> None:
    assert found("image: {repository: a/b, tag: v1}", file) == []


@pytest.mark.parametrize(
    ("before", "version", "after"),
    [
        pytest.param("image: {tag: v1, digest: %o}", NEW, 'image: {tag: "", digest: %n}', id="row-67 to a digest"),
        pytest.param("image: {tag: v1, digest: %o}", "v2", 'image: {tag: v2, digest: ""}', id="row-67 to a tag"),
        pytest.param("image: {tag: v1, digest: ''}", "v2", "image: {tag: v2, digest: ''}", id="an empty digest stays"),
        pytest.param(
            "image: {tag: v1, digest: ~}", f"v2@{NEW}", "image: {tag: v2, digest: %n}", id="a null digest is filled"
        ),
        pytest.param("image: {tag: v1@%o, digest: ''}", f"v2@{NEW}", "image: {tag: v2@%n, digest: ''}", id="row-69"),
        pytest.param("image: {tag: v1@%o}", "v2", "image: {tag: v2}", id="row-69 to a tag"),
        pytest.param("image: {name: a, digest: %o}", f"v2@{NEW}", "image: {name: a, tag: v2@%n}", id="row-68 to both"),
        pytest.param("xImageDigest: %o", "v2", "xImageTag: v2", id="row-68 flat"),
        pytest.param("x_image_digest: %o", "v2", "x_image_tag: v2", id="row-68 flat in snake case"),
        pytest.param(
            f"image: {{tag: v1, sha: {BARE}}}", f"v2@{NEW}", f"image: {{tag: v2, sha: {'b' * 64}}}", id="bare sha"
        ),
        pytest.param("image: a/b:v1@%o", NEW, "image: a/b@%n", id="row-18 a reference"),
        pytest.param(
            "image: {registry: r.io, image: a, tag: v1}",
            "v2",
            "image: {registry: r.io, image: a, tag: v2}",
            id="row-87",
        ),
    ],
)
def test_rows_67_to_69_no_old_digest_stays(before: str, version: str, after: str) -> None:
    both = ("%o", OLD), ("%n", NEW)
    for short, digest in both:
        before, after = before.replace(short, digest), after.replace(short, digest)
    assert moved(before, version) == after


def test_a_digest_alone_is_refused_where_a_chart_takes_a_tag() -> None:
    assert refused("image: {repository: a/b, tag: v1}", NEW) == (
        "values.yaml:1 has room for a tag alone, or for both; name both, like v1.3.0@sha256:bbbbbbb…"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('image: {repository: a/b, tag: "{{ .Chart.AppVersion }}"}', "is a template (“{{ }}”); change the value that"),
        ("image: {repository: a/b, tag: '${TAG}'}", "is substituted when it is applied (“${TAG}”); set the variable"),
        ("image: '{{ .repo }}:{{ .tag }}'", "is a template (“{{ }}”); change the value that fills it."),
        ("image: {repository: A/b, tag: v1}", ": “A/b:v1” is no image reference: a repository's path is lower case"),
        ("image: {repository: a/b, tag: 'v1+2'}", "“a/b:v1+2”"),
    ],
)
def test_row_27_what_can_not_be_read_is_refused_by_file_and_line(content: str, why: str) -> None:
    said = refused(content)
    assert said.startswith("values.yaml:1")
    assert why in said or "v1+2" in said


def test_row_27_a_chart_template_is_refused_by_file_and_line() -> None:
    with pytest.raises(Refusal, match=r"templates/deployment.yaml:2 is a template"):
        helm_values.find(Text("templates/deployment.yaml", "spec:\n  image: {{ .Values.image }}\n"))


def test_row_51_a_value_that_another_image_shares_is_refused() -> None:
    text = values("a: {repository: acme/api, tag: &v v1}\nb: {repository: acme/web, tag: *v}\n")
    (pin,) = helm_values.find(text)
    with pytest.raises(Refusal, match="shares its value, by a YAML anchor, with acme/web"):
        formats.write(text, {pin: "v2"})


def test_row_50_an_alias_of_the_same_image_moves_along_and_is_said() -> None:
    text = values("a: {repository: acme/api, tag: &v v1}\nb: {repository: acme/api, tag: *v}\n")
    (pin,) = helm_values.find(text)
    assert formats.write(text, {pin: "v2"}).content == text.content.replace("v1", "v2")
    assert helm_values.notes(text, pin) == (
        "The value of values.yaml:1 is used by a YAML alias in values.yaml:2 as well.",
    )


def test_row_89_the_charts_own_version_is_said() -> None:
    text = values("image: {repository: a/b, tag: ''}")
    (pin,) = helm_values.find(text)
    assert helm_values.read(text, pin).version is None
    assert helm_values.notes(text, pin) == ("values.yaml:1 was empty, so the chart's own version ran.",)


def test_two_places_of_one_key_in_the_same_layer_both_stay() -> None:
    layers = [helm_values.layer(values("images: [{name: a, tag: v1}, {name: a, tag: v2}]"))]
    assert [str(pin.image) for pin in helm_values.ruling(layers)] == ["a:v1", "a:v2"]


def test_later_layers_decide_and_take_the_name_from_earlier_ones() -> None:
    layers = [
        helm_values.layer(values("image: {repository: acme/api, tag: v1}\nweb: {image: {repository: acme/web}}\n")),
        helm_values.layer(Text("prod.yaml", "image: {tag: v2}\nweb: {image: {tag: v3}}\n")),
    ]
    assert [(str(pin.image), pin.file, pin.overrules) for pin in helm_values.ruling(layers)] == [
        ("acme/api:v2", "prod.yaml", ("values.yaml:1",)),
        ("acme/web:v3", "prod.yaml", ()),
    ]
