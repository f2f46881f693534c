"""Before/after pairs: the rows of the catalogue of cases, each in four ways that files differ in their bytes."""

import tomllib
from pathlib import Path

import pytest

from bot.manifests import formats
from bot.manifests.yamltext import decode, encode

CASES = sorted((Path(__file__).parents[2] / "golden/formats").glob("*/case.toml"))

BYTES = {
    "as it is": lambda data: data,
    "row-34 CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "row-35 byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "row-36 no newline at the end": lambda data: data.rstrip(b"\n"),
}


@pytest.mark.parametrize("variant", BYTES)
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.parent.name)
def test_only_the_version_changes(case: Path, variant: str) -> None:
    settings = tomllib.loads(case.read_text())
    before, after = (BYTES[variant]((case.parent / name).read_bytes()) for name in ("before.yaml", "after.yaml"))
    text = decode(before, settings["file"])
    pins = [pin for pin in formats.find(text) if pin.image.name == settings["image"]]
    assert pins
    for pin in pins:
        text = formats.write(text, {pin: settings["version"]})
    assert encode(text) == after
