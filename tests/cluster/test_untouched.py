"""Every built-in kind that a server has, however it was applied: untouched, nothing differs.

Objects are applied all at once and read as the program reads them.
"""

import functools
import json
import subprocess
import sysconfig
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from cluster.apiserver import ApiServer, api_server

from bot.clusters.live import Clusters
from bot.comparison import compare_all, flatten, references
from bot.model.sync import Difference, Live, Manifest, Schemas
from bot.rendering.dialect import parse

__all__ = ["api_server"]  # a fixture, which pytest finds by its name

pytestmark = pytest.mark.envtest

OBJECTS = sorted(Path(__file__).with_name("untouched").glob("*.yaml"))
OLDER = {
    "batch/v1": ("batch/v1beta1",),
    "policy/v1": ("policy/v1beta1",),
    "autoscaling/v2": ("autoscaling/v2beta2",),
    "discovery.k8s.io/v1": ("discovery.k8s.io/v1beta1",),
    "flowcontrol.apiserver.k8s.io/v1": ("flowcontrol.apiserver.k8s.io/v1beta3", "flowcontrol.apiserver.k8s.io/v1beta1"),
}
NEVER_DECLARED = {"ComponentStatus", "APIGroup"}
"""Kinds of which nobody can make an object."""
WAYS = {
    "create": ("create",),
    "client-side": ("apply",),
    "server-side": ("apply", "--server-side", "--force-conflicts"),
}


def kubectl(server: ApiServer, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sysconfig.get_path("scripts")) / "kubectl"
    command = [str(program), f"--kubeconfig={server.kubeconfig}", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)


@functools.cache
def served(url: str) -> Mapping[str, frozenset[str]]:
    """The kinds by API version that can be created, by the server's own discovery."""
    server = api_server_at[url]
    groups = json.loads(server.request("GET", "/apis"))["groups"]
    versions = ["v1", *(each["groupVersion"] for group in groups for each in group["versions"])]
    found = {}
    for version in versions:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = json.loads(server.request("GET", root))["resources"]
        found[version] = frozenset(
            each["kind"] for each in resources if {"create", "get"} <= set(each["verbs"]) and "/" not in each["name"]
        )
    return found


api_server_at: dict[str, ApiServer] = {}


def declared(server: ApiServer, namespace: str) -> list[Manifest]:
    """What the files declare, each at the first version of it that this server has; without those it has not."""
    api_server_at[server.url] = server
    kinds = served(server.url)
    found = []
    for file in OBJECTS:
        text = file.read_bytes().replace(b"__NAMESPACE__", namespace.encode())
        text = text.replace(b"30777", b"%d" % (30000 + zlib.crc32(namespace.encode()) % 2768))
        for each in flatten([document.value for document in parse(text, file.name)]):
            for version in (each["apiVersion"], *OLDER.get(each["apiVersion"], ())):
                if each["kind"] in kinds.get(version, ()):
                    found.append({**each, "apiVersion": version})
                    break
    return sorted(found, key=lambda each: each["kind"] == "LimitRange")  # which would complete the pods after it


def apply(server: ApiServer, manifests: Sequence[Manifest], namespace: str, way: str) -> None:
    """Bring them all there. What a server of 1.20 can't take by a server-side apply (numbers as amounts, ports without
    a protocol) is created."""
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    arguments = ("--validate=false", "-n", namespace, "-f", "-")
    done = kubectl(server, *WAYS[way], *arguments, stdin=document)
    if way != "server-side":
        assert done.returncode == 0, done.stderr
        return
    assert done.stdout.count("serverside-applied") > len(manifests) * 2 / 3, done.stderr
    done = kubectl(server, "create", *arguments, stdin=document)
    assert "AlreadyExists" in done.stderr


def told(differences: Sequence[Difference]) -> list[str]:
    return [
        f"{each.object} {each.kind} {each.severity} {each.path}: {each.desired} -> {each.live}" for each in differences
    ]


def look(clusters: Clusters, manifests: Sequence[Manifest], namespace: str) -> tuple[Live, Schemas]:
    refs = references(manifests, namespace)
    return clusters.read("admin", refs), clusters.schemas("admin", {(ref.api_version, ref.kind) for ref in refs})


@pytest.fixture(scope="module")
def clusters(api_server: ApiServer) -> Iterator[Clusters]:
    found = Clusters(api_server.kubeconfig)
    yield found
    found.close()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_differs_on_an_untouched_server(api_server: ApiServer, clusters: Clusters, way: str) -> None:
    namespace = api_server.namespace()
    manifests = declared(api_server, namespace)
    apply(api_server, manifests, namespace, way)
    live, schemas = look(clusters, manifests, namespace)
    assert live.unchecked == {}
    assert len(live.objects) == len(manifests) >= 120
    assert "\n".join(told(compare_all(manifests, live, namespace))) == ""
    assert schemas.kinds.keys() == {(each["apiVersion"], each["kind"]) for each in manifests}
    assert "\n".join(told(compare_all(manifests, live, namespace, schemas=schemas))) == ""


def test_every_kind_of_the_server_is_among_them(api_server: ApiServer) -> None:
    ours = {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in declared(api_server, "x")}
    theirs = {(version.rpartition("/")[0], kind) for version, kinds in served(api_server.url).items() for kind in kinds}
    assert {each for each in theirs - ours if "k8s.io" in each[0] or "." not in each[0]} == set()
