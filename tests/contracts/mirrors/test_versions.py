"""Every version of a repository at once: the same as one by one, and told again only where files changed."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot import pins, targets
from bot.errors import Refusal
from bot.model.catalog import Catalog, Environment, Reading, Repository, Target

CATALOG = Catalog(
    {"config": Repository("config", "")},
    {name: Environment(name, (f"environments/{name}/{{service}}",), "config") for name in ("staging", "production")},
)
SERVICES = [f"service-{number:02}" for number in range(30)]


def manifest(service: str, version: str) -> bytes:
    spec = f"{{containers: [{{name: x, image: acme/{service}:{version}}}]}}"
    return f"kind: Pod\nmetadata: {{name: x}}\nspec: {spec}\n".encode()


def file(service: str, environment: str = "staging") -> str:
    return f"environments/{environment}/{service}/pod.yaml"


@pytest.fixture
def filled(upstream):
    files = {file(each, place): manifest(each, "v1") for each in SERVICES for place in CATALOG.environments}
    files |= {
        file("service-01"): b"kind: [\n",
        file("service-02"): manifest("another", "v9"),
        "environments/staging/service-03/kustomization.yaml": b"resources: [../../../base]\n",
        "base/kustomization.yaml": b"resources: [pod.yaml]\n",
        "base/pod.yaml": manifest("service-03", "v3"),
    }
    upstream.commit({name: data for name, data in files.items() if name != file("service-03")}, "Fill")
    upstream.push()
    return upstream


def one_by_one(reader) -> dict[Target, Reading]:
    tree = reader.head("config")
    told = {}
    for target in targets.find(CATALOG, reader.head):
        try:
            told[target] = Reading(pins.current(tree, target))
        except Refusal as refusal:
            told[target] = Reading(None, str(refusal))
    return told


def test_all_at_once_is_the_same_as_one_by_one(filled, mirrors):
    reader = mirrors().reader()
    found = reader.targets(CATALOG)
    assert found == targets.find(CATALOG, reader.head)
    told = reader.versions(found)
    assert told == one_by_one(reader)
    assert {told[each].version for each in found if each.service == "service-03"} == {"v3", "v1"}
    assert told[next(each for each in found if each.service == "service-01")].why.startswith("environments/staging/")


def test_only_what_changed_is_told_again_even_by_another_process(filled, mirrors):
    asked: list[str] = []

    def version(tree, target):
        asked.append(target.service)
        return pins.current(tree, target)

    def told(opened) -> dict[Target, Reading]:
        asked.clear()
        reader = opened.reader()
        versions = dict(reader.versions(reader.targets(CATALOG)))
        assert versions == one_by_one(reader)
        return versions

    opened = mirrors(version=version)
    told(opened)
    assert len(asked) == len(targets.find(CATALOG, opened.reader().head))
    told(opened)
    assert asked == []
    filled.commit({file("service-07"): manifest("service-07", "v2"), "base/pod.yaml": manifest("service-03", "v4")})
    filled.push()
    told(opened)
    assert sorted(asked) == ["service-03", "service-07"]
    told(mirrors(version=version))
    assert asked == []
    filled.commit({file("service-08"): manifest("service-08", "v2"), file("new"): manifest("new", "v1")}, "Add")
    filled.push()
    told(mirrors(version=version))
    assert sorted(asked) == ["new", "service-08"]


def test_services_that_come_and_go_are_seen(filled, mirrors):
    opened = mirrors()
    before = opened.reader().targets(CATALOG)
    filled.commit({file("service-09"): None, file("fresh"): manifest("fresh", "v1")})
    filled.push()
    after = opened.reader().targets(CATALOG)
    assert {each.service for each in before if each.environment == "staging"} - {
        each.service for each in after if each.environment == "staging"
    } == {"service-09"}
    assert "fresh" in {each.service for each in after}
    assert after == targets.find(CATALOG, opened.reader().head) == mirrors().reader().targets(CATALOG)


def test_what_the_config_says_of_a_service_counts(filled, mirrors):
    reader = mirrors().reader()
    found = reader.targets(CATALOG)
    reader.versions(found)
    other = [replace(each, image="acme/another") if each.service == "service-02" else each for each in found]
    told = mirrors().reader().versions(other)
    assert [told[each].version for each in other if each.service == "service-02"] == ["v9", None]


@pytest.mark.parametrize("harm", ["half", "other", "empty", "folder"])
def test_broken_notes_are_no_notes(filled, mirrors, tmp_path, harm):
    opened = mirrors()
    expected = one_by_one(opened.reader())
    reader = opened.reader()
    reader.versions(reader.targets(CATALOG))
    list(reader.moves(next(iter(expected))))
    notes = list((tmp_path / "data" / "notes").rglob("*.json"))
    assert len(notes) >= 4, "services of both environments, versions, and one history"
    for path in notes:
        _break(path, harm)
    again = mirrors().reader()
    assert again.versions(again.targets(CATALOG)) == expected
    assert next(again.moves(next(iter(expected)))).to_version == "v1"


def _break(path: Path, harm: str) -> None:
    data = path.read_bytes()
    if harm == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"half": data[: len(data) // 2], "other": data.replace(b"v1", b"v2"), "empty": b""}[harm])


def test_notes_of_another_reading_are_not_used(filled, mirrors):
    first = mirrors().reader()
    found = first.targets(CATALOG)
    first.versions(found)

    def otherwise(tree, target):
        return "v8"

    told = mirrors(version=otherwise).reader().versions(found)
    assert {reading.version for reading in told.values()} == {"v8"}


def test_a_folder_for_notes_that_can_not_be_written_costs_only_time(filled, mirrors, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes").write_text("in the way")
    reader = mirrors().reader()
    assert reader.versions(reader.targets(CATALOG)) == one_by_one(reader)
    shutil.rmtree(tmp_path / "data" / "mirrors")
