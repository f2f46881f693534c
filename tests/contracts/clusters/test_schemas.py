"""Schemas of kinds as servers of any age publish them: as much as can be read, in few calls, and never an error."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.clusters.connection import Budget, Trouble
from bot.clusters.discovery import Resource
from bot.clusters.schemas import Published
from bot.model.sync import Schemas

DEPLOYMENT, LEASE, THING = ("apps/v1", "Deployment"), ("coordination.k8s.io/v1", "Lease"), ("example.com/v1", "Thing")
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com"


def of(group: str, version: str, kind: str, **properties: Any) -> dict[str, Any]:
    return {
        "description": "prose",
        "properties": {"description": {"type": "string", "description": "prose"}, **properties},
        "x-kubernetes-group-version-kind": [{"group": group, "version": version, "kind": kind}],
    }


def refer(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


DOCUMENT = {
    "apps.Deployment": of(
        "apps", "v1", "Deployment", spec=refer("apps.Spec"), default={"default": {"description": "kept"}}
    ),
    "apps.Spec": {"properties": {"self": refer("apps.Spec"), "item": {"items": {"allOf": [refer("meta")]}}}},
    "meta": {"type": "object", "description": "prose"},
    "apps.Other": {"type": "object"},
    "coordination.Lease": of("coordination.k8s.io", "v1", "Lease"),
    "com.Thing": of("example.com", "v1", "Thing", size={"type": "integer"}),
}
V2 = {"/openapi/v2": {"definitions": DOCUMENT}}


def v3(version: str, mark: str) -> dict[str, Any]:
    return {"serverRelativeURL": f"/openapi/v3/{version}?hash={mark}"}


V3 = {
    "/openapi/v3": {
        "paths": {"apis/apps/v1": v3("apis/apps/v1", "a1"), "apis/coordination.k8s.io/v1": v3("lease", "l1")}
    },
    "/openapi/v3/apis/apps/v1?hash=a1": {"components": {"schemas": DOCUMENT}},
    "/openapi/v3/lease?hash=l1": {"components": {"schemas": DOCUMENT}},
}
DEFINITION = {
    CRD: {
        "spec": {
            "versions": [
                {"name": "v2", "schema": {"openAPIV3Schema": {"type": "object"}}},
                {"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"mode": {"default": "fast"}}}}},
            ]
        }
    }
}


@dataclass
class Server:
    """A connection and a discovery in one: answers by address; what is a number is a refusal."""

    answers: dict[str, Any]
    asked: list[str] = field(default_factory=list)

    def get(self, path: str, what: str, budget: Budget, **query: str | int) -> Any:
        assert what
        assert budget.left() > 0
        address = path + "".join(f"?{name}={value}" for name, value in query.items())
        self.asked.append(address)
        answer = self.answers.get(address, 404)
        if isinstance(answer, int):
            raise Trouble("no", answer)
        return answer

    def resources(self, api_version: str, kinds: set[str], budget: Budget) -> dict[str, Resource]:
        assert budget.left() > 0
        return {kind: Resource(api_version, kind, f"{kind.lower()}s", namespaced=True) for kind in kinds}

    def published(self, clock: Callable[[], float] = time.monotonic) -> Published:
        return Published(self, self, clock)  # type: ignore[arg-type]  # all that is asked of the two


def ask(published: Published, *names: tuple[str, str]) -> Schemas:
    return published.schemas(names, Budget(5))


class Clock:
    """The time, which the tests move on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("answers", [V2, V3], ids=["v2", "v3"])
def test_a_kind_and_all_that_it_refers_to_without_prose(answers: dict[str, Any]) -> None:
    found = ask(Server(answers).published(), DEPLOYMENT)
    assert found.kinds[DEPLOYMENT]["properties"] == {
        "description": {"type": "string"},
        "spec": refer("apps.Spec"),
        "default": {"default": {"description": "kept"}},
    }
    assert found.definitions == {
        "apps.Spec": DOCUMENT["apps.Spec"],
        "meta": {"type": "object"},
    }


def test_only_the_group_versions_asked_for_are_read() -> None:
    server = Server(V3)
    ask(server.published(), DEPLOYMENT)
    assert server.asked == ["/openapi/v3", "/openapi/v3/apis/apps/v1?hash=a1"]


@pytest.mark.parametrize("answers", [V2, V3, V3 | DEFINITION, {}], ids=["v2", "v3", "definition", "nothing"])
def test_what_is_known_is_not_asked_again(answers: dict[str, Any]) -> None:
    server, clock = Server(answers), Clock()
    published = server.published(clock)
    first = ask(published, DEPLOYMENT, LEASE, THING)
    asked = len(server.asked)
    clock.later(599)
    assert ask(published, THING, DEPLOYMENT) == Schemas(
        {name: each for name, each in first.kinds.items() if name != LEASE}, first.definitions
    )
    assert len(server.asked) == asked


def test_a_document_with_the_same_hash_is_not_read_again() -> None:
    server, clock = Server(dict(V3)), Clock()
    published = server.published(clock)
    first = ask(published, DEPLOYMENT)
    clock.later(601)
    assert ask(published, DEPLOYMENT) == first
    assert server.asked[2:] == ["/openapi/v3"]
    clock.later(601)
    server.answers |= {
        "/openapi/v3": {"paths": {"apis/apps/v1": v3("apis/apps/v1", "a2")}},
        "/openapi/v3/apis/apps/v1?hash=a2": {"components": {"schemas": {"d": of("apps", "v1", "Deployment")}}},
    }
    assert ask(published, DEPLOYMENT).definitions == {}


def test_row_48_a_definition_of_custom_resources_is_preferred() -> None:
    server = Server(V2 | DEFINITION)
    assert ask(server.published(), THING).kinds[THING] == {"properties": {"mode": {"default": "fast"}}}
    assert server.asked == [CRD]


@pytest.mark.parametrize("refused", [403, 404, 0])
def test_without_rights_on_definitions_openapi_is_read(refused: int) -> None:
    found = ask(Server(V2 | {CRD: refused}).published(), THING)
    assert found.kinds[THING]["properties"]["size"] == {"type": "integer"}


def test_a_definition_that_prunes_nothing_says_so() -> None:
    spec = {"preserveUnknownFields": True, **DEFINITION[CRD]["spec"]}
    found = ask(Server({CRD: {"spec": spec}}).published(), THING)
    assert found.kinds[THING] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize("status", [403, 404, 500, 0])
@pytest.mark.parametrize("broken", ["/openapi/v3", "/openapi/v3/apis/apps/v1?hash=a1", "/openapi/v2"])
def test_what_cannot_be_read_is_left_out(broken: str, status: int) -> None:
    answers = (V2 if broken.endswith("v2") else V3) | {broken: status}
    assert ask(Server(answers).published(), DEPLOYMENT) == Schemas()


def test_what_failed_is_tried_again_and_what_was_refused_is_not() -> None:
    failing, refusing = Server({"/openapi/v3": 500}), Server({"/openapi/v3": 403})
    for server in (failing, refusing):
        published = server.published()
        ask(published, DEPLOYMENT)
        ask(published, DEPLOYMENT)
    assert (len(failing.asked), len(refusing.asked)) == (2, 1)


@pytest.mark.parametrize(
    "answers",
    [
        {"/openapi/v3": {"paths": None}},
        {"/openapi/v3": {"paths": {"apis/apps/v1": {"serverRelativeURL": "https://elsewhere.example.com/"}}}},
        {"/openapi/v3": V3["/openapi/v3"], "/openapi/v3/apis/apps/v1?hash=a1": {"components": []}},
        {"/openapi/v2": {"definitions": {"a": None, "b": {"x-kubernetes-group-version-kind": [None, {"kind": []}]}}}},
        {CRD: {"spec": {"versions": [None, {"name": "v1", "schema": 5}]}}},
        {CRD: {}},
    ],
)
def test_an_answer_that_is_nonsense_leaves_all_unknown(answers: dict[str, Any]) -> None:
    server = Server(answers)
    assert ask(server.published(), DEPLOYMENT, THING) == Schemas()
    assert not any("elsewhere" in address for address in server.asked)
