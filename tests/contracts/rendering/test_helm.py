"""Charts: by the real helm where one is on PATH, and always by a stand-in that speaks its command line."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from contracts.rendering.tree import Files

from bot.errors import Refusal
from bot.model.catalog import Target
from bot.rendering import kubectl
from bot.rendering.renderer import Renderer
from bot.rendering.unsettled import UNSETTLED

PRODUCTION = Target("payment", "production", "config", ("app",), namespace="shop")
CHART = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
OBJECT = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
"""
UMBRELLA: dict[str, str | bytes] = {
    "app/Chart.yaml": CHART,
    "app/values.yaml": "size: small\nplace: nowhere\n",
    "app/values-common.yaml": "place: common\nshape: round\n",
    "app/values-prod.yaml": "size: large\n",
    "app/values-staging.yaml": "size: wrong\nshape: wrong\n",
    "app/templates/all.yaml": OBJECT
    + "  size: {{ .Values.size }}\n  place: {{ .Values.place }}\n  shape: {{ .Values.shape }}\n",
    "app/crds/crd.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata: {name: a.example.com}\n",
}
SHARED: dict[str, str | bytes] = {
    "shared/lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\n",
    "shared/lib/values.yaml": "level: info\n",
    "shared/lib/templates/lib.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lib}\n"
    "data: {level: {{ .Values.level }}}\n",
}


@pytest.fixture(params=["stand-in", "real"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "real":
        return shutil.which("helm") or pytest.skip("there is no helm on PATH")
    place = tmp_path / "helm"
    place.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("helm_standin.py")} "$@"\n')
    place.chmod(0o700)
    return str(place)


def rendered(helm: str, files: dict[str, str | bytes], target: Target | None = PRODUCTION) -> dict[str, Any]:
    found = Renderer(program=helm).render(Files(files), "app", target)
    return {f"{each['kind']} {each['metadata']['name']}": each for each in found}


def test_a_chart_is_rendered_as_the_target_it_is(helm: str) -> None:
    found = rendered(helm, UMBRELLA)
    assert sorted(found) == ["ConfigMap payment", "CustomResourceDefinition a.example.com"]
    assert found["ConfigMap payment"]["metadata"] == {"name": "payment", "namespace": "shop"}
    # Values by environment: its own over the general ones over the chart's, another's not at all.
    assert found["ConfigMap payment"]["data"] == {"size": "large", "place": "common", "shape": "round"}


def test_a_chart_is_rendered_anew_for_another_target(helm: str) -> None:
    renderer, tree = Renderer(program=helm), Files(UMBRELLA)
    sizes = [
        renderer.render(tree, "app", Target("payment", environment, "config", ("app",)))[-1]["data"]["size"]
        for environment in ("production", "staging")
    ]
    assert sizes == ["large", "wrong"]
    assert renderer.inputs(tree, "app", PRODUCTION) == ("app",)


def test_a_chart_of_the_repository_is_built_on_where_it_stands(helm: str) -> None:
    chart = CHART + "dependencies:\n- {name: lib, version: 1.0.0, repository: file://../shared/lib}\n"
    tree = Files({**UMBRELLA, **SHARED, "app/Chart.yaml": chart})
    renderer = Renderer(program=helm)
    found = {each["metadata"]["name"]: each for each in renderer.render(tree, "app", PRODUCTION)}
    assert found["lib"]["data"] == {"level": "info"}
    assert renderer.inputs(tree, "app", PRODUCTION) == ("app", "shared/lib")


def test_what_is_drawn_by_lot_or_encrypted_is_compared_with_nothing(helm: str) -> None:
    files = {
        **UMBRELLA,
        "app/values-prod.yaml": "size: large\ntoken: ENC[AES256_GCM,data:x]\nsops: {mac: x}\n",
        "app/templates/all.yaml": OBJECT + "  size: {{ .Values.size }}\n  made: {{ randAlphaNum 8 }}\n"
        '  token: "{{ .Values.token }}"\n',
    }
    assert rendered(helm, files)["ConfigMap payment"]["data"] == {
        "size": "large",
        "made": UNSETTLED,
        "token": UNSETTLED,
    }


def test_what_argo_cd_is_told_beside_a_chart_wins(helm: str) -> None:
    parameters = "helm: {parameters: [{name: size, value: huge}, {name: place, value: here, forceString: true}]}\n"
    other = {"app/.argocd-source-ledger.yaml": "helm: {parameters: [{name: shape, value: wrong}]}\n"}
    found = rendered(helm, {**UMBRELLA, **other, "app/.argocd-source-payment.yaml": parameters})
    assert found["ConfigMap payment"]["data"] == {"size": "huge", "place": "here", "shape": "round"}


REFUSED = {
    "a chart to fetch": (
        {"app/Chart.yaml": CHART + "dependencies:\n- name: redis\n  repository: https://charts.example.com\n"},
        "app/Chart.yaml:5 depends on the chart redis, and nothing is fetched: commit it in app/charts (helm dep",
    ),
    "a chart out of the repository": (
        {"app/Chart.yaml": CHART + "dependencies:\n- {name: lib, repository: file://../../lib}\n"},
        "app/Chart.yaml:5: file://../../lib leads out of the repository",
    ),
    "a folder that is no chart": (
        {"app/Chart.yaml": CHART + "dependencies:\n- {name: lib, repository: file://../lib}\n"},
        "app/Chart.yaml:5 depends on the chart in lib, which has no Chart.yaml",
    ),
    "no chart's file": ({"app/Chart.yaml": "- a\n"}, "app/Chart.yaml is no Helm chart's"),
    "values of whom": ({"app/values-eu.yaml": "a: b\n"}, "app/values-eu.yaml may or may not be used"),
    "what else Argo CD is told": (
        {"app/.argocd-source-payment.yaml": "helm: {valueFiles: [x]}\n"},
        "app/.argocd-source-payment.yaml sets valueFiles, which is not rendered here",
    ),
    "Argo CD told in a word": (
        {"app/.argocd-source-payment.yaml": "kustomize: no\n"},
        "app/.argocd-source-payment.yaml must hold mappings for kustomize and helm",
    ),
    "Argo CD told a number of images": (
        {"app/.argocd-source-payment.yaml": "kustomize: {images: 1}\n"},
        "app/.argocd-source-payment.yaml must hold mappings for kustomize and helm, and a list of images",
    ),
    "dependencies that are a number": (
        {"app/Chart.yaml": "name: umbrella\ndependencies: 1\n"},
        "app/Chart.yaml has dependencies that are",
    ),
    "what helm refuses": (
        {"app/templates/all.yaml": 'a:\n  {{ fail "no\u200b" }}\n'},
        "app can't be rendered by helm: ",
    ),
    "no YAML": ({"app/templates/all.yaml": "a: [\n"}, ""),
    "no object": ({"app/templates/all.yaml": "a: b\n"}, "the render of app:"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_rendered_is_refused(helm: str, name: str) -> None:
    files, why = REFUSED[name]
    with pytest.raises(Refusal) as refused:
        rendered(helm, {**UMBRELLA, **files})
    assert str(refused.value).startswith(why)
    assert str(refused.value).isprintable()
    assert "/tmp" not in str(refused.value)  # noqa: S108 - no folder of this machine is told


def test_what_a_chart_says_of_its_secrets_is_not_repeated(helm: str) -> None:
    secret = 'kind: Secret\n# {{ fail "hunter2" }}\n'
    with pytest.raises(
        Refusal, match=r"see (app/)?templates/all.yaml:2.*: its reason may hold what is secret"
    ) as refused:
        rendered(helm, {**UMBRELLA, "app/templates/all.yaml": secret})
    assert "hunter2" not in str(refused.value)


def test_no_name_is_taken_for_a_flag_of_helm(helm: str, tmp_path: Path) -> None:
    odd = Target("--post-renderer=/bin/sh", "production", "config", ("app",))
    if Path(helm).parent == tmp_path:
        assert "ConfigMap --post-renderer=/bin/sh" in rendered(helm, UMBRELLA, odd)
    else:
        with pytest.raises(Refusal, match=r"invalid release name|release name.*invalid"):
            rendered(helm, UMBRELLA, odd)


def test_without_helm_a_chart_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = Renderer()
    monkeypatch.setattr(renderer, "_helm", None)
    kustomized = {"k/kustomization.yaml": "helmCharts: [{name: lib}]\nhelmGlobals: {chartHome: ../shared}\n"}
    for folder in ("app", "k"):
        with pytest.raises(Refusal) as refused:
            renderer.render(Files({**UMBRELLA, **SHARED, **kustomized}), folder, PRODUCTION)
        assert str(refused.value) == (
            f"{folder} needs Helm, and there is no helm here: install helm 3 or 4 on PATH, or commit rendered "
            "manifests."
        )


# Charts in kustomizations: kustomize calls helm itself.


KUSTOMIZED = """helmCharts:
- name: lib
  releaseName: r
  valuesInline: {level: debug}
helmGlobals: {chartHome: ../shared}
namePrefix: p-
"""


def test_a_chart_beside_a_kustomization() -> None:
    # kustomize asks for more than the stand-in speaks.
    real = shutil.which("helm") or pytest.skip("there is no helm on PATH")
    renderer, tree = Renderer(program=real), Files({**SHARED, "k/kustomization.yaml": KUSTOMIZED})
    (found,) = renderer.render(tree, "k")
    assert (found["metadata"], found["data"]) == ({"name": "p-lib"}, {"level": "debug"})
    assert "shared/lib" in renderer.inputs(tree, "k")
    changed = tree.writing("shared/lib/templates/lib.yaml", OBJECT + "  a: b\n")
    assert renderer.render(changed, "k")[0]["metadata"]["name"] == "p-r"


OF_KUSTOMIZE = {
    "not there": ("helmCharts: [{name: x}]", "k/kustomization.yaml:1 asks for the chart x, which is not in k/charts/x"),
    "one to fetch": (
        "helmCharts: [{name: lib, repo: 'https://a.b', version: 1.0.0}]\nhelmGlobals: {chartHome: ../shared}",
        "k/kustomization.yaml:1 asks for the chart lib, which is not in shared/lib-1.0.0/lib, and nothing is fetched",
    ),
    "plugins": ("helmCharts: []\nhelmGlobals: {configHome: x}", "k/kustomization.yaml:2: of helmGlobals only"),
    "a flag for a name": ("helmCharts: [{name: --debug}]", "k/kustomization.yaml:1: name is '--debug', which is no"),
    "a flag for a release": (
        "helmCharts: [{name: lib, releaseName: --post-renderer=/bin/sh}]",
        "k/kustomization.yaml:1: releaseName is '--post-renderer=/bin/sh', which is no plain word",
    ),
    "a flag for a version": (
        "helmCharts: [{name: lib, apiVersions: [--post-renderer=/bin/sh]}]",
        "k/kustomization.yaml:1 has the API version '--post-renderer=/bin/sh', which is none",
    ),
    "what helm would run": (
        "helmCharts: [{name: lib, nameTemplate: x}]",
        "k/kustomization.yaml:1: the chart has 'nameTemplate'",
    ),
    "remote values": (
        "helmCharts: [{name: lib, valuesFile: 'https://example.com/x.yaml'}]\nhelmGlobals: {chartHome: ../shared}",
        "k/kustomization.yaml:1 names a remote base",
    ),
    "two files in one name": (
        "helmCharts: [{name: lib, valuesFile: 'a,/etc/passwd'}]\nhelmGlobals: {chartHome: ../shared}",
        "k/kustomization.yaml:1: helm takes the comma in a,/etc/passwd for the end of it",
    ),
    "no name": ("helmCharts: [{}]", "k/kustomization.yaml:1 has a chart without a name"),
    "the old way": ("helmChartInflationGenerator: [{}]", "k/kustomization.yaml:1 asks for a Helm chart in an old way"),
}


@pytest.mark.parametrize("name", OF_KUSTOMIZE)
def test_what_kustomize_must_not_ask_of_helm_is_refused(name: str) -> None:
    text, why = OF_KUSTOMIZE[name]
    with pytest.raises(Refusal) as refused:
        Renderer(program="/nonexistent").render(Files({**SHARED, "k/kustomization.yaml": f"{text}\n"}), "k")
    assert str(refused.value).startswith(why)


def test_row_124_what_is_made_of_encrypted_files_is_compared_with_nothing() -> None:
    files: dict[str, str | bytes] = {
        "k/kustomization.yaml": "secretGenerator:\n- {name: hashed, envs: [secret.env]}\n"
        "- {name: plain, files: [secret.yaml], options: {disableNameSuffixHash: true}}\n"
        "resources: [secret.enc.yaml]\n",
        "k/secret.env": "TOKEN=ENC[AES256_GCM,data:x,type:str]\nsops_version=3.8.0\n",
        "k/secret.yaml": "a: ENC[AES256_GCM,data:x,type:str]\nsops: {mac: x}\n",
        "k/secret.enc.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: whole}\n"
        "stringData: {a: 'ENC[AES256_GCM,data:x,type:str]'}\nsops: {mac: x}\n",
    }
    whole, hashed, plain = sorted(Renderer().render(Files(files), "k"), key=lambda each: "data" in each)
    assert (hashed["metadata"]["name"], hashed["data"]) == (f"hashed-{UNSETTLED}", {"TOKEN": UNSETTLED})
    assert (plain["metadata"]["name"], plain["data"]) == ("plain", {"secret.yaml": UNSETTLED})
    assert (whole["stringData"], whole["sops"]) == ({"a": "ENC[AES256_GCM,data:x,type:str]"}, {"mac": "x"})


def test_kubectl_has_no_network_even_for_a_chart_it_would_fetch() -> None:
    text = b"helmCharts: [{name: x, repo: 'https://charts.example.com', version: 1.0.0}]\n"
    helm = shutil.which("helm") or pytest.skip("there is no helm on PATH")
    with pytest.raises(Refusal, match=r"127\.0\.0\.1:9|connection refused|proxyconnect"):
        # Past the walk, which refuses it.
        kubectl.kustomize({"k/kustomization.yaml": text}, "k", helm=helm)


def test_a_reference_to_what_is_made_of_encrypted_files_is_as_open_as_its_name() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{secret: {secretName: hashed}}]}\n"
    files: dict[str, str | bytes] = {
        "k/kustomization.yaml": "namePrefix: p-\nresources: [pod.yaml]\nsecretGenerator: [{name: hashed, files: [x]}]",
        "k/x": "ENC[AES256_GCM,data:x,type:str]",
        "k/pod.yaml": pod,
    }
    found = {each["kind"]: each for each in Renderer().render(Files(files), "k")}
    name = f"p-hashed-{UNSETTLED}"
    assert found["Secret"]["metadata"] == {"name": name}
    assert found["Pod"]["spec"]["volumes"] == [{"secret": {"secretName": name}}]
