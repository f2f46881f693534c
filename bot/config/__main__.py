"""Prints the JSON Schema of `quarterdeck.yaml`: `python -m bot.config > docs/quarterdeck.schema.json`."""

import json
import sys

from bot.config.schema import FileKeys


def schema() -> str:
    """The text of docs/quarterdeck.schema.json."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | FileKeys.model_json_schema()
    return json.dumps(described | {"title": "quarterdeck.yaml"}, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
