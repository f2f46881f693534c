"""The published schema is that of the keys, and says of every key what it does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from bot.config.__main__ import schema
from bot.config.settings import load

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "docs" / "quarterdeck.schema.json"


def keys() -> list[tuple[str, str, dict[str, Any]]]:
    described = json.loads(schema())
    return [
        (owner, key, keyword)
        for owner, model in [("file", described), *described["$defs"].items()]
        for key, keyword in model["properties"].items()
    ]


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema(), "run: python -m bot.config > docs/quarterdeck.schema.json"


def test_every_key_is_described() -> None:
    described = json.loads(schema())["$defs"]
    undescribed = [
        f"{owner}.{key}"
        for owner, key, keyword in keys()
        if not (keyword.get("description") or described[keyword["$ref"].rpartition("/")[2]]["description"])
    ]
    assert undescribed == []


def test_the_documentation_names_every_key() -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert [key for _, key, _ in keys() if f"`{key}`" not in text] == []


def test_the_documentations_examples_load(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(repositories:.*?)```", text, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        (tmp_path / "quarterdeck.yaml").write_text(example, encoding="utf-8")
        load(tmp_path / "quarterdeck.yaml", ("promote", "rollback", "cancel"))


def test_the_schema_accepts_a_config_and_refuses_an_unknown_key() -> None:
    validator = Draft202012Validator(json.loads(schema()))
    config: dict[str, Any] = {
        "repositories": {"config": {"url": "https://github.com/acme/gitops.git"}},
        "environments": {"staging": {"path": "staging/{service}", "aliases": ["stage"]}},
        "roles": {"sre": {"may": "*", "in": ["*"]}},
    }
    validator.validate(config)
    config["environments"]["staging"]["approvals"] = "2"
    with pytest.raises(ValidationError, match="'approvals' was unexpected"):
        validator.validate(config)
