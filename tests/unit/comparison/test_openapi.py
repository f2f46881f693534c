"""Schemas refine what the table knows: of custom resources nearly all, of built-in kinds what the table leaves open."""

from dataclasses import dataclass
from typing import Any

import pytest

from bot.comparison import compare, compare_all, references
from bot.comparison.kinds import type_of as table
from bot.comparison.openapi import type_of
from bot.model.sync import Kind, Live, Schemas, Severity

HIGH, MEDIUM, LOW, INFO = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
DRIFT, UNDECLARED, WRONG = Kind.DRIFT, Kind.UNDECLARED, Kind.CONFIG_ERROR
PRUNED = "field pruned: the API example.com/v1 of this cluster does not know it"

Found = tuple[Kind, str, str | None, str | None, Severity]


def text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def items(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": of, **more}


def mapped(*keys: str, **properties: Any) -> dict[str, Any]:
    more: dict[str, Any] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}
    return items(fields(**properties), **more)


def thing(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}


AMOUNT = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
KEEPS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
PORT = {"port": {"type": "integer"}, "protocol": text(default="TCP")}
SPEC = fields(
    quota=AMOUNT,
    mode=text(default="fast"),
    size={"type": "integer"},
    limits={"type": "object", "additionalProperties": AMOUNT},
    deep={**fields(mode=text(default="fast"), deeper=fields(on={"type": "boolean", "default": True})), "default": {}},
    partly=fields(deeper={**fields(on={"type": "boolean", "default": True}), "default": {}}),
    ports=mapped("port", "protocol", **PORT),
    steps=items(fields(name=text(), retries={"type": "integer", "default": 3})),
    tags=items(text(), **{"x-kubernetes-list-type": "set"}),
    values=KEEPS,
    half={**KEEPS, "properties": {"mode": text(default="fast")}},
    template=fields(metadata={"type": "object"}, spec=fields(containers=mapped("name", name=text(), image=text()))),
    job={**fields(), "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
    note=text(nullable=True),
    self={"$ref": "#/definitions/com.example.Spec"},
    wrapped={"default": {}, "allOf": [{"$ref": "#/components/schemas/com.example.Spec"}]},
    lost={"$ref": "#/definitions/com.example.Lost"},
)
THING = fields(apiVersion=text(), kind=text(), metadata={"type": "object"}, spec=SPEC)
SCHEMAS = Schemas({("example.com/v1", "Thing"): THING}, {"com.example.Spec": SPEC})


@dataclass
class Row:
    want: dict[str, Any]
    have: dict[str, Any]
    found: tuple[Found, ...] = ()


CUSTOM: dict[str, Row] = {
    "row-6": Row(thing(quota="12000m"), thing(quota="12")),
    "row-6 a mapping of amounts": Row(thing(limits={"cpu": "1000m", "x": 2}), thing(limits={"cpu": "1", "x": "2"})),
    "row-6 another amount": Row(
        thing(quota="12000m"), thing(quota="13"), ((DRIFT, "spec.quota", "12000m", '"13"', MEDIUM),)
    ),
    "row-6 no amount": Row(thing(quota="25%"), thing(quota="25%")),
    "row-6 another that is none": Row(
        thing(quota="25%"), thing(quota="50%"), ((DRIFT, "spec.quota", "25%", "50%", MEDIUM),)
    ),
    "row-48": Row(thing(size=1), thing(size=1, mode="fast")),
    "row-48 not the default": Row(thing(), thing(mode="slow"), ((UNDECLARED, "spec.mode", None, "slow", MEDIUM),)),
    "row-48 in lists": Row(thing(steps=[{"name": "a"}]), thing(steps=[{"name": "a", "retries": 3}])),
    "row-48 in a default": Row(thing(), thing(deep={"mode": "fast"})),
    "row-48 below an object of Git's": Row(
        thing(deep={"deeper": {}}), thing(deep={"mode": "fast", "deeper": {"on": True}})
    ),
    "row-48 below a default": Row(thing(partly={}), thing(partly={"deeper": {"on": True}})),
    "row-48 where unknown fields are kept": Row(thing(half={"a": 1}), thing(half={"a": 1, "mode": "fast"})),
    "row-48 a zero is no default": Row(thing(), thing(size=0), ((UNDECLARED, "spec.size", None, "0", INFO),)),
    "row-49": Row(thing(colour="red"), thing(), ((WRONG, "spec.colour", "red", None, LOW),)),
    "row-49 in a list": Row(
        thing(steps=[{"name": "a", "nmae": 1}]),
        thing(steps=[{"name": "a", "retries": 3}]),
        ((WRONG, "spec.steps[0].nmae", "1", None, LOW),),
    ),
    "row-49 an object without properties": Row(
        thing(template={"metadata": {"labels": {"a": "b"}}}),
        thing(template={"metadata": {}}),
        ((WRONG, "spec.template.metadata.labels", '{"a": "b"}', None, LOW),),
    ),
    "row-49 nothing lost": Row(thing(colour=None, shade={}), thing()),
    "row-49 known, and gone": Row(thing(size=1), thing(), ((DRIFT, "spec.size", "1", None, MEDIUM),)),
    "row-49 unknown fields are kept": Row(
        thing(values={"a": 1}, half={"b": 1}, job={"spec": 1}),
        thing(values={}, half={}, job={}),
        (
            (DRIFT, "spec.half.b", "1", None, MEDIUM),
            (DRIFT, "spec.job.spec", "1", None, MEDIUM),
            (DRIFT, "spec.values.a", "1", None, MEDIUM),
        ),
    ),
    "row-53": Row(
        thing(ports=[{"port": 1, "protocol": "TCP"}, {"port": 1, "protocol": "UDP"}]),
        thing(ports=[{"port": 1, "protocol": "UDP"}, {"port": 1, "protocol": "TCP"}]),
    ),
    "row-54": Row(
        thing(ports=[{"port": 1}]),
        thing(ports=[{"port": 2, "protocol": "TCP"}, {"port": 1, "protocol": "TCP"}]),
        ((UNDECLARED, "spec.ports[port=2,protocol=TCP]", None, '{"port": 2, "protocol": "TCP"}', MEDIUM),),
    ),
    "row-55": Row(thing(ports=[{"port": 1}]), thing(ports=[{"port": 1, "protocol": "TCP"}])),
    "row-59": Row(
        thing(steps=[{"name": "a", "retries": 3}, {"name": "b", "retries": 3}]),
        thing(steps=[{"name": "b", "retries": 3}, {"name": "a", "retries": 3}]),
        ((DRIFT, "spec.steps[0].name", "a", "b", MEDIUM), (DRIFT, "spec.steps[1].name", "b", "a", MEDIUM)),
    ),
    "row-63": Row(thing(tags=["a", "b"]), thing(tags=["b", "a"])),
    "row-63 one more": Row(
        thing(tags=["a"]), thing(tags=["a", "b"]), ((DRIFT, "spec.tags", '["a"]', '["a", "b"]', MEDIUM),)
    ),
    "row-25 in an embedded object": Row(
        thing(job={"metadata": {"name": "j", "creationTimestamp": None}}),
        thing(job={"metadata": {"name": "j", "creationTimestamp": "2026-01-01T00:00:00Z"}}),
    ),
    "row-28 in what looks like a template of pods": Row(
        thing(template={"spec": {"containers": [{"name": "a"}]}}),
        thing(template={"spec": {"containers": [{"name": "a"}], "restartPolicy": "Always"}}),
    ),
    "row-66 a reference to nothing": Row(
        thing(lost={"a": 1}, quota="1000m"),
        thing(lost={"a": 2}, quota="1"),
        ((DRIFT, "spec.lost.a", "1", "2", MEDIUM),),
    ),
    "row-66 a schema of itself": Row(
        thing(self={"self": {"self": {"quota": "1000m"}}}),
        thing(self={"self": {"self": {"quota": "1", "mode": "fast"}}}),
    ),
    "row-66 a wrapped reference": Row(thing(wrapped={"quota": "1000m"}), thing(wrapped={"quota": "1"})),
    "a null": Row(thing(note=None), thing(note=None)),
}


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_resources_by_their_schema(name: str) -> None:
    row = CUSTOM[name]
    found = compare(row.want, row.have, schemas=SCHEMAS)
    assert tuple((each.kind, each.path, each.desired, each.live, each.severity) for each in found) == row.found
    assert {each.note for each in found if each.kind is WRONG} <= {PRUNED}


def test_row_49_says_why() -> None:
    (found,) = compare(thing(colour="red"), thing(), schemas=SCHEMAS)
    assert found.note == PRUNED


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


DEFINITIONS = {
    "Quantity": text(),
    "Meta": fields(name=text(), labels={"type": "object", "additionalProperties": text()}),
    "PodSpec": fields(
        containers=mapped("name", name=text(default=""), image=text(), resources=reference("Resources")),
        newer=text(default=""),
        newerMap={"type": "object", "additionalProperties": text()},
        newerList=items(
            fields(name=text()), **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
        ),
        restartPolicy=text(),
        hostNetwork={"type": "boolean"},
    ),
    "Resources": fields(limits={"type": "object", "additionalProperties": reference("Quantity")}),
    "Lease": fields(metadata=reference("Meta"), spec=fields(renewTime=text(format="date-time"))),
    "Request": fields(metadata=reference("Meta"), spec=fields(request=text(format="byte"), usages=items(text()))),
    "Odd": fields(metadata=reference("Meta"), spec=fields(amount=reference("Quantity"))),
}
DEPLOYMENT = fields(
    apiVersion=text(),
    kind=text(),
    metadata=reference("Meta"),
    spec=fields(template=fields(metadata=reference("Meta"), spec=reference("PodSpec"))),
)
AMOUNT_NAME = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def renamed(schema: Any) -> Any:
    """The short names above as a server has them."""
    if isinstance(schema, dict):
        return {
            name: f"#/definitions/{AMOUNT_NAME}" if value == "#/definitions/Quantity" else renamed(value)
            for name, value in schema.items()
        }
    return [renamed(each) for each in schema] if isinstance(schema, list) else schema


BUILT_IN = Schemas(
    {
        ("apps/v1", "Deployment"): renamed(DEPLOYMENT),
        ("coordination.k8s.io/v1", "Lease"): DEFINITIONS["Lease"],
        ("certificates.k8s.io/v1", "CertificateSigningRequest"): DEFINITIONS["Request"],
        ("odd.k8s.io/v1", "Odd"): renamed(DEFINITIONS["Odd"]),
    },
    {**{name: renamed(found) for name, found in DEFINITIONS.items()}, AMOUNT_NAME: text()},
)


def pod(**spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "app"}], **spec}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"template": template}}


def limits(memory: str, **more: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "app", "resources": {"limits": {"memory": memory}}}], **more)


def other(kind: str, **spec: Any) -> dict[str, Any]:
    version, _, name = kind.rpartition("/")
    return {"apiVersion": version, "kind": name, "metadata": {"name": "x"}, "spec": spec}


POD = "spec.template.spec"
KINDS: dict[str, Row] = {
    "row-66 a field that the server is too old for": Row(
        limits("1024Mi", fancy=True), limits("1Gi"), ((WRONG, f"{POD}.fancy", "true", None, LOW),)
    ),
    "row-66 a field that the table is too old for": Row(limits("1024Mi", newer="a"), limits("1Gi", newer="a")),
    "row-66 such a field by hand": Row(pod(newer="a"), pod(newer="b"), ((DRIFT, f"{POD}.newer", "a", "b", MEDIUM),)),
    "row-66 such a field by the server": Row(pod(), pod(newer="a"), ((UNDECLARED, f"{POD}.newer", None, "a", INFO),)),
    "row-66 such a mapping by the server": Row(
        pod(), pod(newerMap={"a": "b"}), ((UNDECLARED, f"{POD}.newerMap", None, '{"a": "b"}', INFO),)
    ),
    "row-66 such a list by the server": Row(
        pod(), pod(newerList=[{"name": "a"}]), ((UNDECLARED, f"{POD}.newerList", None, '[{"name": "a"}]', INFO),)
    ),
    "row-75 what matters stays high": Row(
        pod(), pod(hostNetwork=True), ((UNDECLARED, f"{POD}.hostNetwork", None, "true", HIGH),)
    ),
    "no default by a schema's zero value": Row(pod(), pod(restartPolicy="Always")),
    "a moment": Row(
        other("coordination.k8s.io/v1/Lease", renewTime="2026-01-01T01:00:00+01:00"),
        other("coordination.k8s.io/v1/Lease", renewTime="2026-01-01T00:00:00.000000Z"),
    ),
    "another moment": Row(
        other("coordination.k8s.io/v1/Lease", renewTime="2026-01-01T01:00:00Z"),
        other("coordination.k8s.io/v1/Lease", renewTime="2026-01-01T00:00:00.000000Z"),
        ((DRIFT, "spec.renewTime", "2026-01-01T01:00:00Z", "2026-01-01T00:00:00.000000Z", MEDIUM),),
    ),
    "row-17 anywhere": Row(
        other("certificates.k8s.io/v1/CertificateSigningRequest", request="aGVs\nbG8=\n"),
        other("certificates.k8s.io/v1/CertificateSigningRequest", request="aGVsbG8="),
    ),
    "row-1 by reference": Row(other("odd.k8s.io/v1/Odd", amount="1000m"), other("odd.k8s.io/v1/Odd", amount="1")),
}


@pytest.mark.parametrize("name", KINDS)
def test_built_in_kinds_by_the_table_and_the_schema(name: str) -> None:
    row = KINDS[name]
    found = compare(row.want, row.have, schemas=BUILT_IN)
    assert tuple((each.kind, each.path, each.desired, each.live, each.severity) for each in found) == row.found


def test_without_a_schema_the_table_is_all() -> None:
    assert type_of("apps", "v1", "Deployment", Schemas()) is table("apps", "Deployment")
    assert type_of("apps", "v2", "Deployment", BUILT_IN) is table("apps", "Deployment")


def test_schemas_that_never_end_are_read_as_far_as_anybody_looks() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    rings = {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}
    spec = fields(lists=endless, ring={"$ref": "#/definitions/a"})
    schemas = Schemas({("example.com/v1", "Thing"): fields(spec=spec)}, rings)
    found = compare(thing(lists=[[1]], ring=1), thing(lists=[[2]], ring=2), schemas=schemas)
    assert [each.path for each in found] == ["spec.lists[0][0]", "spec.ring"]


@pytest.mark.parametrize("hostile", [None, 5, [], "x", {"properties": 5}, {"allOf": [5]}, {"$ref": 5}, {"type": []}])
def test_a_schema_that_is_none_costs_nothing(hostile: Any) -> None:
    schemas = Schemas({("example.com/v1", "Thing"): fields(spec=fields(a=hostile, b=text(default="x")))})
    assert compare(thing(a=1), thing(a=1, b="x"), schemas=schemas) == ()


OWNED = b"""[{"manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:00:00Z", "fieldsV1": {
 "f:spec": {"f:template": {"f:spec": {"f:newer": {},
 "f:containers": {"k:{\\"name\\":\\"app\\"}": {"f:image": {}}}}}}}}]"""


@pytest.mark.parametrize("managed", [OWNED, None, b"nonsense"])
def test_row_66_what_the_server_took_and_did_not_keep_is_no_drift(managed: bytes | None) -> None:
    want = pod(newer="a", hostPID=True)
    (ref,) = references([want], None)
    live = Live({ref: pod()}, managed={} if managed is None else {ref: managed})
    found = {each.path: (each.kind, each.severity, bool(each.note)) for each in compare_all([want], live)}
    newer = (WRONG, INFO, True) if managed is OWNED else (DRIFT, MEDIUM, False)
    assert found == {f"{POD}.newer": newer, f"{POD}.hostPID": (DRIFT, HIGH, False)}
