"""Targets whose versions are Helm values: in files that override each other, in Applications and in HelmReleases."""

import pytest
from trees import Files

from bot import pins
from bot.errors import Refusal
from bot.model.catalog import Target
from bot.pins import charts

APP = "environments/production/payment"
VALUES = "image:\n  repository: acme/payment\n  tag: v1.0.0\n"
ALONE = "image:\n  tag: v1.2.0\n"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: payment}
spec:
  source:
    path: charts/payment
    helm:
"""
APPLICATION_SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: apps}
spec:
  generators:
  - matrix:
      generators:
      - list:
          elements:
          - {env: staging, app: payment, tag: v1.9.0}
          - {env: prod, app: payment, tag: v1.2.0}
          - {env: prod, app: api, tag: v7}
  template:
    spec:
      source:
        helm:
          parameters:
          - {name: image.repository, value: 'acme/{{app}}'}
          - {name: image.tag, value: '{{ .tag }}'}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: payment}
spec:
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: payment-values}
data:
  values.yaml: |
    image:
      repository: acme/payment
      tag: v1.2.0
"""
FROM_CONFIG_MAP = f"{RELEASE}  valuesFrom: [{{kind: ConfigMap, name: payment-values}}]\n"


def target(image: str | None = None) -> Target:
    return Target("payment", "production", "config", (APP,), image=image)


def tree(files: dict[str, str]) -> Files:
    """Names without a slash are in the service's folder."""
    return Files({name if "/" in name else f"{APP}/{name}": content for name, content in files.items()})


def moved(files: dict[str, str], to: Target | None = None) -> tuple[str, list[str]]:
    """The file that changed, with the lines that are new there."""
    (edit,) = pins.plan(tree(files), to or target(), "v1.3.0").edits
    assert edit.before is not None
    assert edit.after is not None
    before, after = edit.before.decode().splitlines(), edit.after.decode().splitlines()
    assert len(before) == len(after)
    return edit.path.removeprefix(f"{APP}/"), [new for old, new in zip(before, after, strict=True) if old != new]


def notes(files: dict[str, str]) -> tuple[str, ...]:
    return pins.plan(tree(files), target(), "v1.3.0").notes


def refused(files: dict[str, str]) -> str:
    with pytest.raises(Refusal) as refusal:
        pins.plan(tree(files), target(), "v1.3.0")
    return str(refusal.value).replace(f"{APP}/", "")


@pytest.mark.parametrize("mine", ["values-production.yaml", "values-prod.yaml", "prod.values.yml", "prod-values.yaml"])
def test_row_88_values_for_the_environment_decide_over_general_ones(mine: str) -> None:
    files = {"values.yaml": VALUES, mine: ALONE, "Chart.yaml": "apiVersion: v2\nname: payment\nversion: 1.0.0\n"}
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == (mine, ["  tag: v1.3.0"])
    assert notes(files) == (f"{APP}/{mine}:2 decides over {APP}/values.yaml:3, which stays as it is.",)


def test_row_88_values_for_another_environment_are_none_of_it() -> None:
    assert moved({"values.yaml": VALUES, "values-staging.yaml": ALONE}) == ("values.yaml", ["  tag: v1.3.0"])
    files = {"values.yaml": VALUES, "values-staging.yaml": ALONE, "values-prod.yaml": ALONE}
    assert moved(files) == ("values-prod.yaml", ["  tag: v1.3.0"])


@pytest.mark.parametrize(
    ("name", "environment", "meant"),
    [
        ("values-prod", "production", True),
        ("production.values", "prod", True),
        ("values_stage", "staging", True),
        ("prod-eu", "prod-eu", True),
        ("prod-us", "prod-eu", False),
        ("prod", "prod-eu", False),
        ("product", "production", False),
        ("nonprod", "prod", False),
        ("canary", "canary", True),
        ("values", "production", False),
    ],
)
def test_row_88_what_a_name_says_of_an_environment(name: str, environment: str, *, meant: bool) -> None:
    assert charts.means(name, environment) is meant


def test_row_88_two_files_that_could_both_be_meant_are_asked_back() -> None:
    files = {"values.yaml": VALUES, "values-a.yaml": ALONE, "values-b.yaml": ALONE.replace("v1.2", "v1.1")}
    assert refused(files) == (
        "payment has 2 current versions in production: v1.2.0 (values-a.yaml:2), v1.1.0 (values-b.yaml:2); "
        "set them to one in Git first."
    )


def test_row_88_the_name_comes_from_the_general_values_even_without_a_version() -> None:
    files = {"values.yaml": "image: {repository: acme/pay}\nredis: {image: {repository: redis, tag: v7}}\n"}
    files["values-prod.yaml"] = ALONE
    assert moved(files, target("acme/pay")) == ("values-prod.yaml", ["  tag: v1.3.0"])


def test_row_88_another_components_version_is_not_taken_on_a_guess() -> None:
    files = {"values.yaml": "proxy: envoyproxy/envoy\nredis: {image: {tag: v7}}\nproxyImage: envoy:v1\n"}
    assert refused(files) == (
        f"A version in {APP} could be payment's: redis.image (values.yaml:2); "
        "set services.payment.pins to the one that is meant."
    )
    assert moved({"values.yaml": "web: {image: {tag: v1.2.0}}\n"}) == ("values.yaml", ["web: {image: {tag: v1.3.0}}"])
    files = {"values.yaml": "app: {image: {tag: v1.2.0}}\nproxyImage: envoy:v1\n"}
    assert moved(files) == ("values.yaml", ["app: {image: {tag: v1.3.0}}"])


def test_row_93_a_parameter_is_moved() -> None:
    files = {"app.yaml": f"{APPLICATION}      parameters:\n      - name: image.tag\n        value: v1.2.0\n"}
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == ("app.yaml", ["        value: v1.3.0"])


def test_row_95_of_several_places_the_winner_is_moved_and_said() -> None:
    helm = (
        "      valueFiles: [values.yaml, values-prod.yaml]\n"
        "      values: |\n        image:\n          tag: v1.0.3\n"
        "      valuesObject: {image: {tag: v1.0.4}}\n"
        "      parameters: [{name: image.tag, value: v1.2.0}]\n"
    )
    files = {"app.yaml": APPLICATION + helm}
    files |= {"charts/payment/values.yaml": VALUES, "charts/payment/values-prod.yaml": ALONE}
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == ("app.yaml", ["      parameters: [{name: image.tag, value: v1.3.0}]"])
    (said,) = notes(files)
    assert said == (
        f"{APP}/app.yaml:13 decides over charts/payment/values.yaml:3, charts/payment/values-prod.yaml:2, "
        f"{APP}/app.yaml:11, {APP}/app.yaml:12, which stay as they are."
    )


@pytest.mark.parametrize(
    "named", ["values-prod.yaml", "/charts/payment/values-prod.yaml", "$repo/charts/payment/values-prod.yaml"]
)
def test_row_95_the_last_of_the_value_files_is_moved(named: str) -> None:
    files = {"app.yaml": f"{APPLICATION}      valueFiles: [values.yaml, {named}, https://x.example/values.yaml]\n"}
    files |= {"charts/payment/values.yaml": VALUES, "charts/payment/values-prod.yaml": ALONE}
    assert moved(files) == ("charts/payment/values-prod.yaml", ["  tag: v1.3.0"])


def test_row_95_value_files_that_are_not_here_are_named() -> None:
    assert refused({"app.yaml": f"{APPLICATION}      valueFiles: [../../../x.yaml]\n"}) == (
        f"No image of payment is in {APP}: app.yaml:8 takes values from ../../../x.yaml, which is not here or sets no "
        "image; name the place in services.payment.pins."
    )


def test_row_97_argo_cds_override_file_decides() -> None:
    files = {
        "values.yaml": VALUES,
        ".argocd-source-payment.yaml": "helm:\n  parameters:\n  - {name: image.tag, value: v1.2.0}\n",
    }
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == (".argocd-source-payment.yaml", ["  - {name: image.tag, value: v1.3.0}"])
    files = {"kustomization.yaml": "images: [{name: acme/payment, newTag: v1.0.0}]\n"}
    files[".argocd-source-payment.yaml"] = "kustomize:\n  images: ['acme/payment:v1.2.0']\n"
    assert moved(files) == (".argocd-source-payment.yaml", ["  images: ['acme/payment:v1.3.0']"])


def test_row_98_the_element_of_the_environment_and_the_service_is_moved() -> None:
    files = {"apps.yaml": APPLICATION_SET}
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == ("apps.yaml", ["          - {env: prod, app: payment, tag: v1.3.0}"])


def test_row_98_what_another_generator_fills_in_is_refused() -> None:
    files = {"apps.yaml": APPLICATION_SET.replace("elements", "other").replace("{{app}}", "payment")}
    assert refused(files) == "apps.yaml:19 is a template (“{{ }}”); change the value that fills it."


def test_row_95_image_updater_is_said() -> None:
    listed = "metadata: {name: payment, annotations: {argocd-image-updater.argoproj.io/image-list: acme/payment}}"
    content = APPLICATION.replace("metadata: {name: payment}", listed)
    (said,) = notes({"app.yaml": f"{content}      values: |\n        image: acme/payment:v1.2.0\n"})
    assert said == (
        f"Argo CD Image Updater manages payment ({APP}/app.yaml:3) and may set its own choice again; "
        "take the image from that annotation while this version should stay."
    )


def test_row_99_a_helm_releases_values_are_moved() -> None:
    files = {"release.yaml": f"{RELEASE}  values:\n    app:\n      image: {{repository: acme/payment, tag: v1.2.0}}\n"}
    assert moved(files) == ("release.yaml", ["      image: {repository: acme/payment, tag: v1.3.0}"])


@pytest.mark.parametrize("beside", [True, False])
def test_row_99_values_from_a_config_map_are_moved_in_its_file(*, beside: bool) -> None:
    files = {"release.yaml": FROM_CONFIG_MAP, "map.yaml": CONFIG_MAP}
    if beside:
        files = {"release.yaml": f"{FROM_CONFIG_MAP}---\n{CONFIG_MAP}"}
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == (list(files)[-1], ["      tag: v1.3.0"])


def test_row_99_values_from_a_generated_config_map_are_moved_in_the_file_it_is_made_from() -> None:
    generator = "configMapGenerator:\n- {name: payment-values, files: [values.yaml=helm/values.yaml]}\n"
    files = {"kustomization.yaml": f"resources: [release.yaml]\n{generator}", "release.yaml": FROM_CONFIG_MAP}
    files[f"{APP}/helm/values.yaml"] = VALUES
    assert moved(files) == ("helm/values.yaml", ["  tag: v1.3.0"])


def test_row_99_inline_values_decide_over_those_of_a_config_map() -> None:
    files = {"release.yaml": f"{FROM_CONFIG_MAP}  values: {{image: {{tag: v1.2.5}}}}\n", "map.yaml": CONFIG_MAP}
    assert pins.current(tree(files), target()) == "v1.2.5"
    assert moved(files) == ("release.yaml", ["  values: {image: {tag: v1.3.0}}"])
    assert notes(files) == (f"{APP}/release.yaml:6 decides over {APP}/map.yaml:8, which stays as it is.",)


@pytest.mark.parametrize(
    ("kind", "why"),
    [("ConfigMap", "which is not among the target's files"), ("Secret", "which is never read")],
)
def test_row_99_values_that_are_not_here_are_named(kind: str, why: str) -> None:
    files = {"release.yaml": FROM_CONFIG_MAP.replace("ConfigMap", kind)}
    assert refused(files) == (
        f"No image of payment is in {APP}: release.yaml:5 takes values from {kind} payment-values, {why}; "
        "name the place in services.payment.pins."
    )


def test_row_99_a_secret_is_never_read() -> None:
    files = {"release.yaml": FROM_CONFIG_MAP.replace("ConfigMap", "Secret")}
    files["secret.yaml"] = CONFIG_MAP.replace("ConfigMap", "Secret")
    assert "from Secret payment-values, which is never read" in refused(files)


def test_row_99_a_patch_of_values_has_the_name_of_what_it_patches() -> None:
    files = {
        "kustomization.yaml": "resources: [../../../base]\npatches: [{path: values.yaml}]\n",
        "values.yaml": f"{RELEASE}  values: {{image: {{tag: v1.2.0}}}}\n",
        "base/kustomization.yaml": "resources: [release.yaml]\n",
        "base/release.yaml": f"{RELEASE}  values: {{image: {{repository: acme/payment, tag: v1.0.0}}}}\n",
    }
    assert pins.current(tree(files), target()) == "v1.2.0"
    assert moved(files) == ("values.yaml", ["  values: {image: {tag: v1.3.0}}"])


def test_row_101_a_flux_kustomizations_entry_is_moved_and_a_charts_version_is_none() -> None:
    kind = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: payment}\n"
    chart = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {ref: {tag: v1.2.0}}\n"
    files = {"ks.yaml": f"{kind}spec: {{images: [{{name: acme/payment, newTag: v1.2.0}}]}}\n", "chart.yaml": chart}
    assert moved(files) == ("ks.yaml", ["spec: {images: [{name: acme/payment, newTag: v1.3.0}]}"])


def test_row_26_what_flux_substitutes_is_refused() -> None:
    files = {"release.yaml": f"{RELEASE}  values: {{image: {{repository: acme/payment, tag: '${{TAG}}'}}}}\n"}
    assert refused(files) == (
        "release.yaml:5 is substituted when it is applied (“${TAG}”); set the variable where it is defined."
    )


def test_values_inline_decide_over_the_file_of_their_chart() -> None:
    chart = "- name: payment\n  valuesFile: values.yaml\n  valuesInline: {image: {tag: v1.2.0}}\n"
    files = {"kustomization.yaml": f"helmCharts:\n{chart}"}
    files["values.yaml"] = VALUES
    assert moved(files) == ("kustomization.yaml", ["  valuesInline: {image: {tag: v1.3.0}}"])
