"""The engines' published CRDs on the tests' API server, where QUARTERDECK_TEST_CRDS names a folder that holds them."""

import functools
import json
import os
import re
import time
from pathlib import Path
from urllib.error import HTTPError

import pytest
import yaml
from cluster.apiserver import ApiServer, shared

NO_CRDS = "QUARTERDECK_TEST_CRDS is not set: no CRDs of Argo CD and Flux here"
NO_CUSTOM_OBJECTS = "this kube-apiserver ends when a custom object is written: it is older than its Go"
FILES = (
    "argocd-application.yaml",
    "argocd-applicationset.yaml",
    "argocd-appproject.yaml",
    "flux-kustomization.yaml",
    "flux-helmrelease.yaml",
    "flux-gitrepositories.yaml",
    "flux-ocirepositories.yaml",
    "flux-helmcharts.yaml",
)
_SERVED_WITHIN = 30.0


@functools.cache
def with_engines() -> ApiServer:
    """The session's server with the CRDs installed. Skips where there is no server, or there are no CRDs."""
    folder = os.environ.get("QUARTERDECK_TEST_CRDS")
    if not folder:
        pytest.skip(NO_CRDS)
    server = shared()
    if not _takes_custom_objects(server):
        pytest.skip(NO_CUSTOM_OBJECTS)
    lists = []
    for name in FILES:
        definition = yaml.load((Path(folder) / name).read_bytes(), Loader=yaml.CSafeLoader)
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        try:
            server.request("POST", path, json.dumps(definition).encode())
        except HTTPError as error:
            error.close()
            if error.code != 409:
                raise
        spec = definition["spec"]
        version = next(each["name"] for each in spec["versions"] if each["served"])
        lists.append(f"/apis/{spec['group']}/{version}/{spec['names']['plural']}")
    for path in lists:
        _wait(server, path)
    return server


def _takes_custom_objects(server: ApiServer) -> bool:
    """Whether it is not one built with Go 1.18 or later from sources before 1.23, whose reflect2 breaks on maps there
    (modern-go/reflect2 1.0.2 mended it): writing any custom object ends that server."""
    told = json.loads(server.request("GET", "/version"))
    minor = int(re.match(r"\d+", told["minor"]).group())  # type: ignore[union-attr]  # every server says one
    go = re.match(r"go1\.(\d+)", told["goVersion"])
    return int(told["major"]) > 1 or minor >= 23 or go is None or int(go.group(1)) < 18


def _wait(server: ApiServer, path: str) -> None:
    deadline = time.monotonic() + _SERVED_WITHIN
    while True:
        try:
            server.request("GET", path)
        except HTTPError as error:
            error.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
