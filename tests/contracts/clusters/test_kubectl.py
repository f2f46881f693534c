"""The stand-in clusters against kubectl itself, which is what people break them with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contracts.clusters.conftest import StandIn

from bot.playground.kubernetes.engine import Outcome
from bot.playground.kubernetes.flux import Flux
from bot.playground.kubernetes.kinds import FLUX, KINDS, Served

KUBECTL = Path(sys.executable).with_name("kubectl")
MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: pay, namespace: shop, labels: {app: pay}}
spec:
  replicas: 2
  selector: {matchLabels: {app: pay}}
  template:
    metadata: {labels: {app: pay}}
    spec:
      containers:
      - name: app
        image: reg/pay:v1
        ports: [{containerPort: 8080}]
        env: [{name: LEVEL, value: info}, {name: OLD, value: "1"}]
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: shop}
spec: {selector: {app: pay}, ports: [{port: 80}]}
"""


class Kubectl:
    def __init__(self, server: StandIn, folder: Path) -> None:
        self._command = [
            str(KUBECTL),
            f"--kubeconfig={server.kubeconfig}",
            f"--cache-dir={folder / 'cache'}",
            "-n=shop",
        ]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "EDITOR": "sed -i s/pay:v1/pay:v2/"}

    def __call__(self, *arguments: str, text: str = "", status: int = 0) -> str:
        done = subprocess.run(
            [*self._command, *arguments], input=text, capture_output=True, text=True, timeout=30, check=False,
            env=self._environment,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def deployment(self) -> Any:
        return json.loads(self("get", "deployment", "pay", "-o=json"))

    def container(self) -> Any:
        return self.deployment()["spec"]["template"]["spec"]["containers"][0]


@pytest.fixture
def kubectl(stand_in: StandIn, tmp_path: Path) -> Kubectl:
    run = Kubectl(stand_in, tmp_path)
    assert run("apply", "-f=-", text=MANIFESTS) == "deployment.apps/pay created\nservice/pay created\n"
    return run


def test_apply_changes_what_changed_and_removes_what_went(kubectl: Kubectl) -> None:
    changed = MANIFESTS.replace("pay:v1", "pay:v2").replace(', {name: OLD, value: "1"}', "")

    assert kubectl("apply", "-f=-", text=changed) == "deployment.apps/pay configured\nservice/pay unchanged\n"
    assert kubectl.container()["image"] == "reg/pay:v2"
    assert kubectl.container()["env"] == [{"name": "LEVEL", "value": "info"}]
    assert kubectl.deployment()["metadata"]["generation"] == 2


def test_diff_of_what_was_applied_is_empty(kubectl: Kubectl) -> None:
    assert kubectl("diff", "-f=-", text=MANIFESTS) == ""
    assert "+        image: reg/pay:v2" in kubectl("diff", "-f=-", text=MANIFESTS.replace("pay:v1", "pay:v2"), status=1)
    assert kubectl.container()["image"] == "reg/pay:v1"


def test_scale_image_variable_and_edit(kubectl: Kubectl) -> None:
    kubectl("scale", "deployment/pay", "--replicas=5")
    kubectl("set", "env", "deployment/pay", "DEBUG=1", "OLD-")
    kubectl("edit", "deployment/pay")
    assert kubectl.container()["image"] == "reg/pay:v2"
    kubectl("set", "image", "deployment/pay", "app=reg/pay:v3")

    assert kubectl.deployment()["spec"]["replicas"] == 5
    assert kubectl.container()["image"] == "reg/pay:v3"
    assert kubectl.container()["env"] == [{"name": "LEVEL", "value": "info"}, {"name": "DEBUG", "value": "1"}]
    shown = json.loads(kubectl("get", "deployment", "pay", "-o=json", "--show-managed-fields"))
    managers = [entry["manager"] for entry in shown["metadata"]["managedFields"]]
    assert managers == ["kubectl-client-side-apply", "kubectl", "kubectl-edit", "kubectl-set"]


@pytest.mark.parametrize(
    ("form", "patch"),
    [
        ("json", '[{"op": "replace", "path": "/spec/replicas", "value": 7}]'),
        ("merge", '{"spec": {"replicas": 7}}'),
        ("strategic", '{"spec": {"replicas": 7}}'),
    ],
)
def test_patches(kubectl: Kubectl, form: str, patch: str) -> None:
    kubectl("patch", "deployment", "pay", f"--type={form}", f"--patch={patch}")

    assert kubectl.deployment()["spec"]["replicas"] == 7


def test_get_prints_the_servers_columns(kubectl: Kubectl, stand_in: StandIn) -> None:
    stand_in.cluster.settle()

    rows = [line.split()[:4] for line in kubectl("get", "deployments", "-l", "app in (pay)").splitlines()]
    assert rows == [["NAME", "READY", "UP-TO-DATE", "AVAILABLE"], ["pay", "2/2", "2", "2"]]
    assert "reg/pay:v1" in kubectl("get", "deployments", "-A", "-o=wide")
    assert kubectl("get", "deployments", "-l", "app notin (pay)") == "No resources found in shop namespace.\n"
    assert "80/TCP" in kubectl("get", "service/pay")


def test_rollout_status_follows_by_watch(kubectl: Kubectl, stand_in: StandIn) -> None:
    stand_in.cluster.settle()
    assert kubectl("rollout", "status", "deployment/pay") == 'deployment "pay" successfully rolled out\n'

    kubectl("set", "image", "deployment/pay", "app=reg/pay:v2-broken")
    stand_in.cluster.settle()
    message = kubectl("rollout", "status", "deployment/pay", status=1)
    assert message == 'error: deployment "pay" exceeded its progress deadline\n'


def test_pods_are_there_and_say_why_they_fail(kubectl: Kubectl, stand_in: StandIn) -> None:
    stand_in.cluster.settle()
    running = kubectl("get", "pods", "-l", "app=pay", "--no-headers").splitlines()
    assert [line.split()[1:4] for line in running] == [["1/1", "Running", "0"]] * 2
    assert "listening on :8080" in kubectl("logs", "deployment/pay")

    kubectl("set", "image", "deployment/pay", "app=reg/pay:v2-crash")
    stand_in.cluster.settle()
    failing = next(line.split() for line in kubectl("get", "pods").splitlines() if "CrashLoopBackOff" in line)
    assert failing[1:4] == ["0/1", "CrashLoopBackOff", "7"]
    assert kubectl("logs", failing[0], "--previous", "--tail=1") == "panic: migration 42 failed\n"
    assert "Back-off restarting failed container app" in kubectl("describe", "pod", failing[0])
    assert len(kubectl("get", "replicasets", "--no-headers").splitlines()) == 2
    kubectl("delete", "pod", failing[0])
    assert failing[0] not in kubectl("get", "pods")
    assert "CrashLoopBackOff" in kubectl("get", "pods")


def test_delete(kubectl: Kubectl) -> None:
    kubectl("delete", "deployment/pay", "service/pay")

    message = kubectl("get", "deployment", "pay", status=1)
    assert message == 'Error from server (NotFound): deployments.apps "pay" not found\n'


def test_the_server_refuses_as_a_real_one(kubectl: Kubectl) -> None:
    moved = MANIFESTS.replace("matchLabels: {app: pay}", "matchLabels: {app: other}")
    assert "spec.selector: Invalid value: field is immutable" in kubectl("apply", "-f=-", text=moved, status=1)
    named = "{apiVersion: v1, kind: ConfigMap, metadata: {name: Upper_Case}}"
    assert "RFC 1123" in kubectl("apply", "-f=-", text=named, status=1)
    number = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: 5}}"
    assert "expects a string" in kubectl("apply", "-f=-", text=number, status=1)
    assert "Server-side apply not available" in kubectl("apply", "--server-side", "-f=-", text=MANIFESTS, status=1)


def test_flux_objects_are_custom_ones_that_say_whether_they_are_ready(kubectl: Kubectl, stand_in: StandIn) -> None:
    stand_in.cluster.served = Served((*KINDS, *FLUX))
    stand_in.cluster.objects.served = stand_in.cluster.served
    flux = Flux(stand_in.cluster.objects, "https://example.com/gitops", "main", stand_in.cluster.now)
    flux.declare("pay", "env/pay")
    flux.tell("pay", Outcome("a" * 40, "a" * 40))

    lines = kubectl("get", "ks", "--namespace=flux-system").splitlines()
    assert [line.split()[:3] for line in lines] == [["NAME", "READY", "STATUS"], ["pay", "True", "Applied"]]
    strategic = kubectl("patch", "ks/pay", "--namespace=flux-system", "--type=strategic", "--patch={}", status=1)
    assert "strategic-merge-patch+json is not supported" in strategic
