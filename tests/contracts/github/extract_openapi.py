"""Make openapi-extract.json: the operations in use, out of GitHub's published OpenAPI description.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python extract_openapi.py package/generated/api.github.com.json

Only what decides whether a body is valid is kept: the schemas of answers and what they refer to; no prose and no
examples. The dialect stays OpenAPI 3.0, so that the extract can be compared with its source.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"
ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
DEPLOYMENTS = "/repos/{owner}/{repo}/deployments"
OPERATIONS = [
    ("get", "/app"),
    ("get", "/app/installations/{installation_id}"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", "/user"),
    ("get", "/users/{username}"),
    ("get", "/repos/{owner}/{repo}"),
    ("get", "/repos/{owner}/{repo}/branches/{branch}"),
    ("get", "/repos/{owner}/{repo}/commits/{ref}"),
    ("get", "/repos/{owner}/{repo}/commits/{ref}/statuses"),
    ("get", "/repos/{owner}/{repo}/compare/{basehead}"),
    ("get", DEPLOYMENTS),
    ("post", DEPLOYMENTS),
    ("get", f"{DEPLOYMENTS}/{{deployment_id}}/statuses"),
    ("post", f"{DEPLOYMENTS}/{{deployment_id}}/statuses"),
    ("get", "/repos/{owner}/{repo}/git/ref/{ref}"),
    ("post", "/repos/{owner}/{repo}/git/refs"),
    ("patch", "/repos/{owner}/{repo}/git/refs/{ref}"),
    ("delete", "/repos/{owner}/{repo}/git/refs/{ref}"),
    ("get", "/repos/{owner}/{repo}/installation"),
    ("get", "/repos/{owner}/{repo}/pulls"),
    ("post", "/repos/{owner}/{repo}/pulls"),
    ("get", PULL),
    ("patch", PULL),
    ("get", f"{PULL}/files"),
    ("put", f"{PULL}/merge"),
    ("get", f"{PULL}/reviews"),
    ("post", f"{PULL}/reviews"),
    ("post", f"{PULL}/requested_reviewers"),
    ("post", f"{ISSUE}/assignees"),
    ("post", f"{ISSUE}/comments"),
    ("post", f"{ISSUE}/labels"),
    ("post", "/repos/{owner}/{repo}/statuses/{sha}"),
]
PROSE = {"description", "title", "example", "examples", "externalDocs", "deprecated", "default", "summary", "tags"}


def schema(node: Any) -> Any:
    """A schema without prose; names of properties are not keywords, whatever they are called."""
    if isinstance(node, list):
        return [schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: schema(each) for name, each in value.items()} if key == "properties" else schema(value)
        for key, value in node.items()
        if key not in PROSE and not key.startswith("x-")
    }


def media(node: dict[str, Any]) -> dict[str, Any]:
    """An answer, down to the schema of its JSON."""
    json_body = node.get("content", {}).get("application/json")
    return {"content": {"application/json": {"schema": schema(json_body["schema"])}}} if json_body else {}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def extract(source: dict[str, Any]) -> dict[str, Any]:
    components = source["components"]
    paths: dict[str, dict[str, Any]] = {}
    for method, path in OPERATIONS:
        operation = source["paths"][path][method]
        responses = {}
        for status, response in operation["responses"].items():
            named = response.get("$ref", "").rpartition("/")[2]
            responses[status] = media(components["responses"][named] if named else response)
        paths.setdefault(path, {})[method] = {"responses": responses}
    wanted = sorted(set(references(paths)))
    schemas: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name not in schemas:
            schemas[name] = schema(components["schemas"][name])
            wanted.extend(references(schemas[name]))
    info = {key: source["info"][key] for key in ("title", "version", "license")}
    return {
        "openapi": source["openapi"],
        "info": info,
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def lines(node: Any, depth: int = 3) -> str:
    """JSON with one schema a line: short, and a newer description still gives a readable diff."""
    if depth == 0 or not isinstance(node, dict):
        return json.dumps(node)
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {lines(value, depth - 1)}" for key, value in node.items()) + "\n}"


def main() -> None:
    source = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    target = Path(__file__).with_name("openapi-extract.json")
    target.write_text(lines(extract(source)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
