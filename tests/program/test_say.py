"""The program itself, sparingly, since each start costs most of a second."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bare import Bare


def workload(image: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: app}}\nspec:\n  containers:\n    - image: {image}\n"


def services(*names: str) -> dict[str, str]:
    return {f"environments/staging/{name}/pod.yaml": workload(f"acme/{name}:v1.0.0") for name in names}


def ended(bare: Bare, *arguments: str, **variables: str) -> tuple[int, str]:
    with bare.start(*arguments, **variables) as program:
        out, err = program.communicate(timeout=60)
    assert "Traceback" not in err
    return program.returncode, out.strip()


def at_once(bare: Bare, *commands: str) -> list[tuple[int, dict[str, str]]]:
    running = [bare.start("say", command, "--json") for command in commands]
    answers = []
    for program in running:
        with program:
            out, err = program.communicate(timeout=60)
        assert "Traceback" not in err
        answers.append((program.returncode, json.loads(out)))
    return answers


@pytest.mark.slow  # of what test_races.py tries with two and test_racing.py with twelve
def test_of_eight_promotions_at_once_each_lands_once(tmp_path: Path) -> None:
    """Row 103, from a mirror that is not there yet; three of the eight say the same."""
    names = [f"svc{number}" for number in range(6)]
    bare = Bare(tmp_path, services(*names))
    answers = at_once(bare, *(f"promote {name} v1.1.0 to staging" for name in [*names, "svc0", "svc0"]))
    assert sorted((status, answer["outcome"]) for status, answer in answers) == [
        *[(0, "committed")] * 6,
        *[(0, "unchanged")] * 2,
    ]
    assert bare.git("rev-list", "--count", "main") == "7"
    assert bare.git("diff", "--shortstat", "main~6", "main") == "6 files changed, 6 insertions(+), 6 deletions(-)"


def test_json_has_the_schemas_of_status_and_history(tmp_path: Path) -> None:
    bare = Bare(tmp_path, services("api"))
    status, out = ended(bare, "say", "status", "--json")
    answer = json.loads(out)
    assert (status, answer["schema"], answer["outcome"]) == (0, "quarterdeck/reply/v1", "answered")
    (row,) = answer["data"]["services"]
    since = bare.git("show", "-s", "--format=%cI", "main")
    assert row == {
        "service": "api",
        "environment": "staging",
        "desired": "v1.0.0",
        "live": None,
        "sync": "unknown",
        "health": "unknown",
        "why": "no cluster is configured for staging",
        "engine": "none",
        "revision": None,
        "since": datetime.fromisoformat(since).astimezone(UTC).isoformat(),
        "by": "Hana",
        "pull": None,
        "pending": [],
        "ailments": [],
        "paused": "",
    }
    _, out = ended(bare, "say", "history api", "--json")
    (change,) = json.loads(out)["data"]["changes"]
    assert {**change, "at": None} == {
        "service": "api",
        "environment": "staging",
        "from": None,
        "to": "v1.0.0",
        "commit": bare.git("rev-parse", "main"),
        "by": "Hana",
        "at": None,
        "pull": None,
        "url": None,
    }


def test_without_git_it_says_so(tmp_path: Path) -> None:
    bare = Bare(tmp_path, services("api"))
    said = "git is not installed here, or not on PATH; Quarterdeck needs 2.38 or newer."
    assert ended(bare, "say", "status", PATH=str(tmp_path)) == (2, said)


def test_several_problems_of_a_config_stand_on_a_line_each(tmp_path: Path) -> None:
    bare = Bare(tmp_path, services("api"))
    bare.config.write_text("repositories: {}\nenvironments: {staging: {paht: x}}\n")
    status, out = ended(bare, "say", "status")
    assert status == 1
    assert all(line.startswith(f"{bare.config}:") for line in out.splitlines())
    assert "unknown key 'paht' under environments.staging; did you mean 'path'?" in out
