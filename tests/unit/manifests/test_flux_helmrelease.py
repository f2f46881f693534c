import pytest

from bot.manifests import flux_helmrelease, formats
from bot.manifests.flux_helmrelease import ValuesFrom
from bot.manifests.yamltext import Text

RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/{}\nkind: HelmRelease\nmetadata: {{name: payment, namespace: pay}}\nspec:\n"
)


def release(spec: str, version: str = "v2") -> Text:
    return Text("release.yaml", RELEASE.format(version) + spec)


@pytest.mark.parametrize("version", ["v2", "v2beta1", "v2beta2"])
@pytest.mark.parametrize(
    "spec",
    [
        "  values: {image: {repository: acme/payment, tag: v1}}\n",
        "  values:\n    controllers:\n      a: {containers: {b: {image: {repository: acme/payment, tag: v1}}}}\n",
        "  values: {initContainers: [{image: acme/payment:v1}]}\n",
        "  postRenderers: [{kustomize: {images: [{name: acme/payment, newTag: v1}]}}]\n",
        "  postRenderers: [{kustomize: {patchesStrategicMerge: [{spec: {containers: [{image: acme/payment:v1}]}}]}}]\n",
    ],
)
def test_row_99_images_of_a_helm_release_at_any_depth(spec: str, version: str) -> None:
    text = release(f"  chart: {{spec: {{version: v1.0.0}}}}\n{spec}", version)
    (pin,) = formats.find(text)
    assert (str(pin.image), pin.object, pin.namespace) == ("acme/payment:v1", "HelmRelease payment", "pay")
    assert formats.write(text, {pin: "v2"}).content == text.content.replace("v1}", "v2}")


def test_row_99_where_values_come_from() -> None:
    text = release(
        "  valuesFrom:\n"
        "  - {kind: ConfigMap, name: general}\n"
        "  - {kind: Secret, name: token, valuesKey: token, targetPath: api.token}\n"
    )
    assert flux_helmrelease.values_from(text, 0) == (
        ValuesFrom("ConfigMap", "general", "values.yaml", 6, None),
        ValuesFrom("Secret", "token", "token", 7, "api.token"),
    )


def test_row_8_text_in_a_config_map_is_read_for_a_release_alone() -> None:
    text = Text("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  v.yaml: 'image: {tag: v1}'\n")
    assert formats.find(text) == ()
    assert [str(pin.image) for pin in flux_helmrelease.in_config_map(text, "a", "v.yaml").pins] == [":v1"]
    assert flux_helmrelease.in_config_map(text, "a", "values.yaml").pins == ()
    assert flux_helmrelease.in_config_map(text, "b", "v.yaml").pins == ()


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {ref: {tag: v1}}\n",
        "apiVersion: example.com/v1\nkind: HelmRelease\nspec: {values: {image: {repository: a/b, tag: v1}}}\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nspec: {images: [{name: a/b, newTag: v1}]}\n",
    ],
)
def test_row_101_what_is_no_image_of_fluxs(content: str) -> None:
    assert formats.find(Text("a.yaml", content)) == ()
