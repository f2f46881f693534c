"""Make graphql-extract.json: the queries and mutations in use, out of GitHub's published GraphQL schema.

    npm pack @octokit/graphql-schema && tar xzf octokit-graphql-schema-*.tgz
    python extract_graphql.py package

Only names and types are kept: inputs with all they are made of, payloads and the objects directly in them, and the
objects that queries lead to, with their arguments, choices and kinds.
"""

import json
import sys
from pathlib import Path
from typing import Any

MUTATIONS = ["createCommitOnBranch", "enablePullRequestAutoMerge", "enqueuePullRequest"]
OBJECTS = [
    "Repository",
    "PullRequest",
    "Actor",
    "AutoMergeRequest",
    "MergeQueueEntry",
    "ReviewRequestConnection",
    "PullRequestReviewConnection",
    "PullRequestReview",
    "PullRequestTimelineItemsConnection",
    "ClosedEvent",
    "PullRequestCommitConnection",
    "PullRequestCommit",
    "Commit",
    "StatusCheckRollup",
    "StatusCheckRollupContextConnection",
    "CheckRun",
    "StatusContext",
]
Types = dict[str, dict[str, Any]]


def written(kind: dict[str, Any]) -> str:
    """A type as the schema language has it: `[FileAddition!]`."""
    match kind["kind"]:
        case "NON_NULL":
            return f"{written(kind['ofType'])}!"
        case "LIST":
            return f"[{written(kind['ofType'])}]"
    return str(kind["name"])


def name(text: str) -> str:
    return text.strip("[]!")


def inputs(types: Types, kind: str) -> dict[str, Any]:
    """An input and those that it is made of."""
    if types[kind]["kind"] == "ENUM":
        return {kind: [value["name"] for value in types[kind]["enumValues"]]}
    if types[kind]["kind"] != "INPUT_OBJECT":
        return {}
    fields = {field["name"]: written(field["type"]) for field in types[kind]["inputFields"]}
    found: dict[str, Any] = {kind: fields}
    for each in fields.values():
        if name(each) not in found:
            found |= inputs(types, name(each))
    return found


def fields(types: Types, kind: str) -> dict[str, str]:
    return {field["name"]: written(field["type"]) for field in types[kind]["fields"] or []}


def extract(schema: dict[str, Any], version: str) -> dict[str, Any]:
    types = {each["name"]: each for each in schema["types"]}
    mutations = {each["name"]: each for each in types["Mutation"]["fields"]}
    found: dict[str, Any] = {"version": version, "mutations": {}, "inputs": {}, "objects": {}}
    for mutation in MUTATIONS:
        given = name(written(mutations[mutation]["args"][0]["type"]))
        payload = name(written(mutations[mutation]["type"]))
        found["mutations"][mutation] = [given, payload]
        found["inputs"] |= inputs(types, given)
        found["objects"][payload] = fields(types, payload)
        for each in map(name, found["objects"][payload].values()):
            if types[each]["kind"] in ("OBJECT", "INTERFACE"):
                found["objects"][each] = fields(types, each)
    found["objects"]["Query"] = {"repository": "Repository"}
    found["arguments"] = {"Query.repository": {"owner": "String!", "name": "String!", "followRenames": "Boolean"}}
    found["enums"], found["kinds"] = {}, {}
    for kind in OBJECTS:
        found["objects"][kind] = fields(types, kind)
        used = set(found["objects"][kind].values())
        for field in types[kind]["fields"]:
            if given := {each["name"]: written(each["type"]) for each in field["args"]}:
                found["arguments"][f"{kind}.{field['name']}"] = given
                used |= set(given.values())
        for each in sorted(map(name, used)):
            if types[each]["kind"] == "ENUM":
                found["enums"][each] = [value["name"] for value in types[each]["enumValues"]]
            if types[each]["kind"] in ("INTERFACE", "UNION"):
                found["kinds"][each] = [possible["name"] for possible in types[each]["possibleTypes"]]
    return found


def main() -> None:
    package = Path(sys.argv[1])
    schema = json.loads((package / "schema.json").read_text("utf-8"))
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    found = extract(schema.get("__schema", schema.get("data", {}).get("__schema", schema)), version)
    lines = []
    for key, value in found.items():
        rows = value.items() if isinstance(value, dict) else ()
        inner = ",\n".join(f"{json.dumps(each)}: {json.dumps(what)}" for each, what in rows)
        lines.append(f"{json.dumps(key)}: " + (f"{{\n{inner}\n}}" if rows else json.dumps(value)))
    target = Path(__file__).with_name("graphql-extract.json")
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
