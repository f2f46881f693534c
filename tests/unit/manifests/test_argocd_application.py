import pytest

from bot.errors import Refusal
from bot.manifests import argocd_application, formats
from bot.manifests.argocd_application import ValueFile
from bot.manifests.yamltext import Text

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: payment}\nspec:\n"
SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: apps}\nspec:\n"


def found(content: str, file: str = "app.yaml") -> list[tuple[str, str | None, int]]:
    return [(str(pin.image), pin.renames, pin.line) for pin in formats.find(Text(file, content))]


def test_row_96_entries_of_kustomize_images() -> None:
    images = "[payment=mirror/payment:v1, acme/api:v2, 'web=*:v3', acme/none]"
    assert found(f"{HEAD}  source: {{kustomize: {{images: {images}}}}}\n") == [
        ("mirror/payment:v1", "payment", 5),
        ("acme/api:v2", None, 5),
        ("web:v3", None, 5),
    ]


@pytest.mark.parametrize(
    ("entry", "after"),
    [
        ("a=b/c:v1", "a=b/c:v2"),
        ("b/c@sha256:" + "a" * 64, "b/c:v2"),
        ("a=*:v1", "a=*:v2"),
        ("r.io:5000/a:v1", "r.io:5000/a:v2"),
    ],
)
def test_row_96_an_entry_keeps_its_names(entry: str, after: str) -> None:
    text = Text("app.yaml", f"{HEAD}  source:\n    kustomize:\n      images:\n      - {entry}  # here\n")
    (pin,) = formats.find(text)
    assert formats.write(text, {pin: "v2"}).content == text.content.replace(entry, after)


def test_row_93_every_one_of_several_sources_is_read_and_the_single_one_is_not() -> None:
    source = "{{helm: {{parameters: [{{name: image, value: acme/{}:v1}}]}}}}"
    sources = f"  source: {source.format('ignored')}\n  sources: [{source.format('api')}, {source.format('web')}]\n"
    assert [image for image, _, _ in found(HEAD + sources)] == ["acme/api:v1", "acme/web:v1"]


def test_row_95_the_winner_is_found_whatever_the_order_in_the_file() -> None:
    parameters = "parameters: [{name: image.tag, value: v3}]"
    helm = f"{parameters}, valuesObject: {{image: {{repository: acme/api, tag: v2}}}}, values: 'image: {{tag: v1}}'"
    (pin,) = formats.find(Text("app.yaml", f"{HEAD}  source: {{helm: {{{helm}}}}}\n"))
    assert (str(pin.image), pin.overrules) == ("acme/api:v3", ("app.yaml:5", "app.yaml:5"))


def test_row_93_of_two_parameters_of_one_name_the_last_counts() -> None:
    parameters = "[{name: image.tag, value: v1}, {name: image.tag, value: v2}]"
    assert found(f"{HEAD}  source: {{helm: {{parameters: {parameters}}}}}\n") == [(":v2", None, 5)]


def test_row_97_an_override_file_is_a_source_by_itself() -> None:
    content = "helm:\n  parameters:\n  - name: image.tag\n    value: v1\n    forcestring: true\n"
    assert found(content, "apps/payment/.argocd-source-payment.yaml") == [(":v1", None, 4)]


def test_row_98_elements_fill_in_version_and_name() -> None:
    lists = "  generators: [{list: {elements: [{app: api, v: {tag: v1}}, {app: web, v: {tag: v2}}]}}]\n"
    source = "{kustomize: {images: ['acme/{{app}}:{{ .v.tag }}']}}"
    text = Text("set.yaml", f"{SET}{lists}  template: {{spec: {{source: {source}}}}}\n")
    pins = formats.find(text)
    assert [(str(pin.image), pin.labels) for pin in pins] == [("acme/api:v1", ("api",)), ("acme/web:v2", ("web",))]
    assert formats.write(text, {pins[1]: "v3"}).content == text.content.replace("v2", "v3")


def test_row_98_a_template_that_nothing_fills_in_is_refused() -> None:
    text = Text("set.yaml", f"{SET}  template: {{spec: {{source: {{kustomize: {{images: ['a/b:{{{{tag}}}}']}}}}}}}}\n")
    (pin,) = formats.find(text)
    with pytest.raises(Refusal, match=r"set.yaml:5 is a template"):
        formats.read(text, pin)


def test_value_files_are_named_in_their_order() -> None:
    text = Text(
        "app.yaml",
        f"{HEAD}  source:\n    path: charts/a\n    helm:\n      valueFiles:\n      - x.yaml\n      - $v/y.yaml\n",
    )
    (source,) = argocd_application.sources(text)
    assert argocd_application.value_files(text, source) == (
        ValueFile("x.yaml", "charts/a", 9),
        ValueFile("$v/y.yaml", "charts/a", 10),
    )


@pytest.mark.parametrize("group", ["example.com/v1", "app.k8s.io/v1beta1"])
def test_another_kind_called_application_is_none_of_argo_cds(group: str) -> None:
    assert found(HEAD.replace("argoproj.io/v1alpha1", group) + "  source: {kustomize: {images: ['a/b:v1']}}\n") == []
