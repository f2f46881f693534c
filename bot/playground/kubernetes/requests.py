"""What a request to a cluster asks for: its body, a patch as a change of an object, the shape of the answer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from bot.playground.kubernetes import patches
from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.objects import Json, Problem

MOST_BYTES = 3 * 1024 * 1024
"""What an API server takes as a body (`--max-request-body-bytes`)."""
_PATCHES: Mapping[str, Callable[[Any, Any], Any]] = {
    "application/merge-patch+json": patches.merge_patch,
    "application/json-patch+json": patches.json_patch,
    "application/strategic-merge-patch+json": patches.strategic_merge_patch,
}


def wants_table(request: Request) -> bool:
    return "as=Table" in request.headers.get("Accept", "").split(",")[0]


async def body(request: Request) -> Json:
    if "protobuf" in request.headers.get("Content-Type", ""):  # what `kubectl create <kind>` sends
        raise Problem(415, "UnsupportedMediaType", "only JSON is taken here; try kubectl create -f or kubectl apply -f")
    content = await request.body()
    if len(content) > MOST_BYTES:
        raise Problem(413, "RequestEntityTooLarge", f"limit is {MOST_BYTES}")
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise Problem(400, "BadRequest", "the body is not JSON") from error
    if not isinstance(manifest, dict):
        raise Problem(400, "BadRequest", "the body is not an object")
    return manifest


async def change_of(request: Request, kind: Kind) -> Callable[[Json], Json]:
    """What a PUT or PATCH does to the object. Strategic merges need types, which custom kinds don't have."""
    if request.method == "PUT":
        manifest = await body(request)
        return lambda _: manifest
    form = request.headers.get("Content-Type", "").partition(";")[0].strip()
    apply = _PATCHES.get(form)
    if apply is None or (apply is patches.strategic_merge_patch and kind.is_custom):
        raise Problem(415, "UnsupportedMediaType", f"the media type of the patch, {form!r}, is not served here")
    try:
        patch = json.loads(await request.body())
    except ValueError as error:
        raise Problem(400, "BadRequest", "the patch is not JSON") from error

    def patched(live: Json) -> Json:
        try:
            result = apply(live, patch)
        except (patches.BadPatchError, AttributeError, TypeError) as error:
            raise Problem(422, "Invalid", f"the patch can't be applied: {type(error).__name__}") from error
        if not isinstance(result, dict):
            raise Problem(422, "Invalid", "the patch leaves no object")
        return result

    return patched


def scale_of(manifest: Json) -> Json:
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = manifest["spec"].get("selector", {}).get("matchLabels", {})
    return {
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {key: value for key, value in manifest["metadata"].items() if key in kept},
        "spec": {"replicas": manifest["spec"].get("replicas", 0)},
        "status": {
            "replicas": manifest.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }  # fmt: skip
