"""What would come of applying objects: server-side apply as a dry run, of which nothing is stored.

Admission webhooks run all the same, so it is sparing: few objects a pass, few at once, none twice, and none any more
after some have failed. What an API server says of a refusal may quote what was sent: it is judged here, and only our
own sentences leave.
"""

import re
import time
from collections.abc import Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bot.clusters.connection import Answer, Budget, Connection, Trouble
from bot.clusters.discovery import Discovery, Resource
from bot.comparison.secrets import is_one
from bot.model.sync import Manifest, ObjectRef, Rehearsal

MOST = 50
"""Objects a pass."""
AT_ONCE = 5
FAILURES = 5
"""So many dry runs of a pass may fail on the server's side before the others are left out."""
REFUSED_SECONDS = 600.0
"""How long it is taken for granted that we still may not patch."""

Refused = MutableMapping[tuple[str, str, str, str], float]
"""Where we may not patch: cluster, API version, kind and namespace; and since when, on the monotonic clock."""

_SERVERS_OWN = frozenset(["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"])
"""Metadata that an apply either must not hold, or would take for a condition."""
_NOT_GRANTED = re.compile(r'User ".*" cannot patch resource ')
"""How authorization words its 403; admission plugins and webhooks answer 403 as well, of one object."""
_WEBHOOK = re.compile(r'webhook "([\w.-]{1,253})"', re.ASCII)
_IMMUTABLE = re.compile(
    r"immutable|may not (?:change|be changed)|cannot change roleRef|can ?not be less than"
    r"|updates to .* forbidden|updates may not change fields",
    re.IGNORECASE,
)
"""How validation words that a field can't be changed (kubernetes/pkg/apis/*/validation): it has no code of its own."""
_QUOTED = re.compile(r"\A(?:Invalid|Unsupported|Duplicate) value: .*: ", re.DOTALL)


def rehearsed(
    connection: Connection, discovery: Discovery, manifests: Mapping[ObjectRef, Manifest], manager: str, budget: Budget,
    namespace: str, refused: Refused,
) -> Mapping[ObjectRef, Rehearsal]:  # fmt: skip
    """An answer for each object, of the first `MOST`; one that nobody could give says why. Never raises.

    `namespace` is where namespaced objects are that name none. `refused` is kept by the caller from pass to pass.
    Secrets are left out: what they hold goes to no webhook and into no audit log on our account.
    """
    run = _Run(connection, discovery, manager, budget, namespace, refused)
    over = Rehearsal(why=f"more than {MOST} objects differ, and so many are tried at a time")
    chosen = list(manifests)[:MOST]
    with ThreadPoolExecutor(AT_ONCE, "rehearsal") as pool:
        answers = dict(zip(chosen, pool.map(lambda ref: run.answer(ref, manifests[ref]), chosen), strict=True))
    return {ref: answers.get(ref, over) for ref in manifests}


class _Run:
    """One pass over one cluster."""

    def __init__(
        self, connection: Connection, discovery: Discovery, manager: str, budget: Budget, namespace: str,
        refused: Refused,
    ) -> None:  # fmt: skip
        self._connection, self._discovery, self._budget = connection, discovery, budget
        self._manager, self._namespace, self._refused = manager, namespace, refused
        self._failed = 0

    def answer(self, ref: ObjectRef, manifest: Manifest) -> Rehearsal:
        if is_one(ref):
            return Rehearsal(why="Secrets are not sent to dry runs")
        try:
            resource = self._discovery.resources(ref.api_version, {ref.kind}, self._budget).get(ref.kind)
            if resource is None:
                return Rehearsal(
                    why=f"{self._connection.cluster} doesn't serve {ref.kind} in the API {ref.api_version}"
                )
            return self._try(resource, ref, manifest)
        except Trouble as trouble:
            self._failed += FAILURES if trouble.final else 1
            return Rehearsal(why=str(trouble))
        except Exception as error:  # noqa: BLE001 - one object or answer in an odd shape must not end the others' check
            return Rehearsal(why=f"the dry run of {ref} ended in {type(error).__name__}")

    def _try(self, resource: Resource, ref: ObjectRef, manifest: Manifest) -> Rehearsal:
        cluster = self._connection.cluster
        namespace = (ref.namespace or self._namespace) if resource.namespaced else ""
        scope = (cluster, ref.api_version, ref.kind, namespace)
        refusal = Rehearsal(why=f"{cluster} doesn't let us patch, which a dry run takes (403); see deploy/rbac/confirm")
        if time.monotonic() - self._refused.get(scope, -REFUSED_SECONDS) < REFUSED_SECONDS:
            return refusal
        if self._failed >= FAILURES:
            return Rehearsal(why=f"dry runs fail on {cluster}, so no more were tried")
        answer = self._connection.patch(
            resource.path(namespace, ref.name), _applied(manifest, ref, namespace), "application/apply-patch+yaml",
            f"a dry run of {ref}", self._budget, dryRun="All", force="true", fieldManager=self._manager,
            fieldValidation="Warn",
        )  # fmt: skip
        if answer.status == 200:
            return Rehearsal(result=answer.document, warnings=answer.warnings)
        if answer.status == 403 and _NOT_GRANTED.search(_message(answer)):
            self._refused[scope] = time.monotonic()
            return refusal
        if "failed to create typed patch object" in _message(answer):  # 500 at first, and no fault of the server's
            return _not_applicable(answer)
        self._failed += answer.status >= 500 or answer.status == 429
        return _refusal(cluster, answer)


def _applied(manifest: Manifest, ref: ObjectRef, namespace: str) -> dict[str, Any]:
    kept = {name: value for name, value in manifest.items() if name not in {"apiVersion", "kind", "metadata", "status"}}
    metadata = {name: value for name, value in manifest["metadata"].items() if name not in _SERVERS_OWN}
    metadata.pop("namespace", None)
    where = {"namespace": namespace} if namespace else {}
    if (ref.group, ref.kind) == ("", "Service") and (kept.get("spec") or {}).get("ports"):
        # A key of the list, for which older servers' schemas have no default: they refuse the whole object.
        kept["spec"] = {**kept["spec"], "ports": [{"protocol": "TCP", **port} for port in kept["spec"]["ports"]]}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {**metadata, **where}, **kept}


def _not_applicable(answer: Answer) -> Rehearsal:
    """What no apply takes: structured-merge-diff words it, before any webhook is called."""
    if "field not declared in schema" in _message(answer):
        return Rehearsal(why=f"Git declares a field that the API server's schema doesn't have ({answer.status})")
    return Rehearsal(why=f"the API server can't apply the object as Git has it ({answer.status})")


def _refusal(cluster: str, answer: Answer) -> Rehearsal:
    """Why there is no result, by the status and by what the message can safely be asked."""
    message, status = _message(answer), answer.status
    if status == 422 and any(map(_IMMUTABLE.search, _complaints(answer))):
        return Rehearsal(why="the API server refuses to change what is immutable (422)", immutable=True)
    named = _WEBHOOK.search(message)
    webhook = f"the admission webhook {named[1]}" if named else "an admission webhook"
    if "does not support dry run" in message:
        return Rehearsal(why=f"{webhook} doesn't support dry runs ({status})")
    if "failed calling webhook" in message:
        return Rehearsal(why=f"{webhook} could not be called ({status})")
    if "denied the request" in message:
        return Rehearsal(why=f"{webhook} refuses it ({status})")
    if status in {201, 404}:
        return Rehearsal(why=f"the object or its namespace is no longer there ({status})")
    return Rehearsal(why=f"{cluster} answered {status} to the dry run")


def _message(answer: Answer) -> str:
    message = answer.document.get("message")
    return message if isinstance(message, str) else ""


def _complaints(answer: Answer) -> list[str]:
    """What is wrong with each field, without the values that are quoted in front of it."""
    details = answer.document.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    told = [cause.get("message") for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    return [_QUOTED.sub("", each).partition("\n")[0] for each in told if isinstance(each, str)]
