"""Live values are written where Git writes that very field, by whichever of Kustomize's ways."""

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from trees import Files

from bot.comparison.identity import declared
from bot.drift.adoption import Adopter, Adoption
from bot.model.catalog import Target
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Severity
from bot.rendering.renderer import Renderer

PROD = Target("payment", "production", "config", ("apps/payment/production",))
STAGING = Target("payment", "staging", "config", ("apps/payment/staging",))
OWN = "apps/payment/production"
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "shop", "payment")
CONFIG = ObjectRef("v1", "ConfigMap", "shop", "settings")
POD = "/spec/template/spec"

FILES = {
    "apps/payment/base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "apps/payment/base/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: payment, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: payment}}
  template:
    metadata: {labels: {app: payment}}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: payment
        image: acme/payment:v1.0.0
        imagePullPolicy: IfNotPresent
        env:
        - {name: LOG_LEVEL, value: info}
        resources: {limits: {memory: 64Mi}}
""",
    "apps/payment/staging/kustomization.yaml": "resources: [../base]\n",
    f"{OWN}/kustomization.yaml": """\
resources:
- ../base
- settings.yaml # ours
images:
- name: acme/payment
  newTag: v1.1.0   # promoted
replicas:
- {name: payment, count: 3}
patches:
- path: limits.yaml
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: payment, namespace: shop}
    spec:
      template:
        spec:
          containers:
          - name: payment
            env: [{name: LOG_LEVEL, value: warning}]
- target: {kind: Deployment, name: payment}
  patch: |-
    - op: replace
      path: /spec/template/spec/terminationGracePeriodSeconds
      value: 60
""",
    f"{OWN}/limits.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: payment, namespace: shop}
spec: {template: {spec: {containers: [{name: payment, resources: {limits: {memory: 128Mi}}}]}}}
""",
    f"{OWN}/settings.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data:
  retries: "3" # not 4
  greeting: hello
  token: 'x'
  app.conf: |  # read at the start
    [a]
      b = 1

    c = 2
  # the end
""",
}
RENDERER = Renderer()


def identify(manifests: Sequence[Manifest]) -> dict[ObjectRef, Manifest]:
    return {item.ref: item.manifest for item in declared(manifests, None)}


@cache
def rendered() -> dict[ObjectRef, Manifest]:
    return identify(RENDERER.render(tree(), OWN))


def tree() -> Files:
    return Files({path: text.encode() for path, text in FILES.items()})


def found(ref: ObjectRef, pointer: str, live: str | None = "x") -> Difference:
    return Difference(
        ref, Kind.DRIFT, pointer.strip("/").replace("/", "."), "y", live, Severity.MEDIUM, pointer=pointer
    )


def adopt(changes: dict[tuple[ObjectRef, str], Any]) -> Adoption:
    """What comes of a cluster where these places hold other values."""
    live = copy.deepcopy(rendered())
    for (ref, pointer), value in changes.items():
        node: Any = live[ref]
        *above, last = pointer.strip("/").split("/")
        for step in above:
            key, _, name = step.partition("=")
            node = next(item for item in node if item[key] == name) if name else node[step]
        node[last] = value
    others = [STAGING, PROD]
    adopter = Adopter(tree(), PROD, RENDERER, identify, [each for each in others if each != PROD])
    return adopter.plan([found(*place) for place in changes], Live(live))


APP = f"{POD}/containers/name=payment"


WRITTEN = [
    (
        CONFIG,
        "/data/app.conf",
        "[a]\n  b = 7\n\n\nd: 3 # x\n",
        "settings.yaml",
        "b = 1\n\n    c = 2",
        "b = 7\n\n\n    d: 3 # x",
    ),
    (DEPLOYMENT, "/spec/replicas", 5, "kustomization.yaml", "count: 3}", "count: 5}"),
    (DEPLOYMENT, f"{APP}/image", "acme/payment:v1.2.0", "kustomization.yaml", "v1.1.0 ", "v1.2.0 "),
    (DEPLOYMENT, f"{APP}/resources/limits/memory", "1Gi", "limits.yaml", "128Mi", "1Gi"),
    (DEPLOYMENT, f"{APP}/env/name=LOG_LEVEL/value", "debug", "kustomization.yaml", "warning", "debug"),
    (DEPLOYMENT, f"{POD}/terminationGracePeriodSeconds", 90, "kustomization.yaml", "value: 60", "value: 90"),
    (CONFIG, "/data/retries", "5", "settings.yaml", '"3"', '"5"'),
    (CONFIG, "/data/greeting", "no: way # ever", "settings.yaml", "hello", '"no: way # ever"'),
]


def test_values_are_written_where_they_are_written() -> None:
    adoption = adopt({(ref, pointer): value for ref, pointer, value, *_ in WRITTEN})
    assert (len(adoption.adopted), adoption.left) == (len(WRITTEN), ())
    expected = {path: text for path, text in FILES.items() if path.startswith(OWN)}
    for *_, file, old, new in WRITTEN:
        expected[f"{OWN}/{file}"] = expected[f"{OWN}/{file}"].replace(old, new, 1)
    assert {edit.path: (edit.after or b"").decode() for edit in adoption.edits} == expected


def test_what_another_target_uses_too_is_left() -> None:
    """And what is the target's own is adopted all the same."""
    adoption = adopt({(DEPLOYMENT, f"{APP}/imagePullPolicy"): "Always", (CONFIG, "/data/greeting"): "yes"})
    assert [edit.after for edit in adoption.edits] == [FILES[f"{OWN}/settings.yaml"].replace("hello", '"yes"').encode()]
    (left,) = adoption.left
    assert left[1] == "it is written in apps/payment/base/deployment.yaml:14, which payment in staging uses too."


SECRET = ObjectRef("v1", "Secret", "shop", "keys")


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (found(SECRET, "/data/token"), "values of Secrets are never written into Git."),
        (found(CONFIG, "/data/retries", None), "the cluster no longer has it; take it out of Git by hand."),
        (found(CONFIG, "/data"), "it is no single value; edit it by hand."),
        (found(CONFIG, ""), "it is a whole object."),
        (found(CONFIG, "/data/retries/deeper"), "it is no single value; edit it by hand."),
        (found(ObjectRef("v1", "Pod", "", "x"), "/spec"), "the object is not there on both sides."),
    ],
)
def test_what_is_no_value_is_left_with_the_reason(finding: Difference, why: str) -> None:
    adopter = Adopter(tree(), PROD, RENDERER, identify)
    assert adopter.plan([finding], Live(rendered())) == Adoption((), (), ((finding, why),))
