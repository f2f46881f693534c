"""Speaks as much of `helm template` as the tests need, for machines without helm. It draws lots like the real one.

Templates know `.Values.<key>` at the top level, `.Release.Name`, `.Release.Namespace` and `randAlphaNum`; one that
calls `fail` ends as Helm ends. Values files are merged at the top level.
"""

import re
import secrets
import sys
from pathlib import Path

import yaml


def main(arguments: list[str]) -> int:
    verb, *flags = arguments[: arguments.index("--")]
    release, chart = arguments[arguments.index("--") + 1 :]
    told = dict(flag.split("=", 1) for flag in flags if "=" in flag)
    files = [flag.partition("=")[2] for flag in flags if flag.startswith("--values=")]
    if (
        verb != "template"
        or "--include-crds" not in flags
        or set(told) - {"--namespace", "--values", "--set", "--set-string"}
    ):
        sys.stderr.write(f"Error: unknown call {arguments}")
        return 1
    chosen = dict(flag.partition("=")[2].split("=", 1) for flag in flags if flag.startswith("--set"))
    around = {"Release.Name": release, "Release.Namespace": told["--namespace"]}
    for crd in sorted(Path(chart).glob("crds/*.yaml")):
        sys.stdout.write(f"---\n{crd.read_text()}\n")
    for folder in (Path(chart), *sorted(Path(chart).glob("charts/*"))):
        values = {}
        for file in (folder / "values.yaml", *(map(Path, files) if folder == Path(chart) else ())):
            values |= (yaml.safe_load(file.read_text()) or {}) if file.is_file() else {}
        values |= chosen if folder == Path(chart) else {}
        known = around | {f"Values.{key}": str(value) for key, value in values.items()}
        for template in sorted(folder.glob("templates/*.yaml")):
            if "{{ fail" in (text := template.read_text()):
                sys.stderr.write(f"Error: execution error at (app/{template.relative_to(chart)}:2:4): {text}")
                return 1
            text = re.sub(r"\{\{ randAlphaNum \d+ \}\}", lambda _: "r" + secrets.token_hex(4), text)
            sys.stdout.write(
                "\n---\n" + re.sub(r"\{\{ \.([\w.]+) \}\}", lambda found, known=known: known[found[1]], text)
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
