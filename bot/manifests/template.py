"""Images written out in templates of charts: whole lines `image: acme/payment:v1.2.0` in files that no reader parses.

A line is all that can be known there, so an image counts only if one line of the file holds it, and only on request.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.errors import Refusal
from bot.manifests import images, proof
from bot.manifests.proof import Cut
from bot.manifests.yamltext import Text
from bot.model.catalog import Image, Pin

FORMAT = "template"

_MARKS = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LINE = re.compile(
    r"""^[ \t]*(?:-[ \t]+)*(?P<key>["']?)image(?P=key)[ \t]*:[ \t]+
        (?P<quote>["']?)(?P<value>[^\s"'{}\[\],$\#]+)(?P=quote)[ \t]*(?:[ \t]\#.*)?\r?$""",
    re.MULTILINE | re.VERBOSE,
)


def find(text: Text) -> tuple[Pin, ...]:
    """The lines that hold an image and its version alone, in a text with template marks; none in another text."""
    hidden = _MARKS.sub(lambda mark: re.sub(r"[^\n]", "{", mark[0]), text.content)
    return tuple(
        Pin(text.file, FORMAT, 0, (match.start("value"),), text.line_at(match.start("value")), image)
        for match in _LINE.finditer(hidden if hidden != text.content else "")
        if (image := images.split(match["value"])).version
    )


def read(text: Text, pin: Pin) -> Image:
    """The image of a line. Refusal, with file and line, if it is no legal reference, or if other lines hold it too."""
    same = [str(other.line) for other in find(text) if other.image.name == pin.image.name]
    if len(same) != 1:
        lines = " and ".join(same)
        raise Refusal(
            f"{pin.file}:{pin.line} is in a template that holds {pin.image.name} in lines {lines}, and which of them "
            "applies can't be told; edit it by hand."
        )
    try:
        return images.parse(str(pin.image))
    except Refusal as refusal:
        raise Refusal(f"{pin.file}:{pin.line}: {refusal}") from None


def write(text: Text, versions: Mapping[Pin, str]) -> Text:
    """The text with each line's image at its version, every other byte as it was. Refusal as `read`, and where the new
    line would not be such a line."""
    new = {pin: images.moved(read(text, pin), version) for pin, version in versions.items()}
    starts = {pin: int(pin.path[0]) for pin in new}
    cuts = sorted(Cut(starts[pin], starts[pin] + len(str(pin.image)), str(image)) for pin, image in new.items())
    after = replace(text, content=proof.made(text.content, cuts))
    if [pin.image for pin in find(after)] != [new.get(pin, pin.image) for pin in find(text)]:
        raise Refusal(f"{text.file} can't be edited without changing more than the version; edit it by hand.")
    return after


def notes(_text: Text, _pin: Pin) -> tuple[str, ...]:
    """Nothing: what else a template says is not known."""
    return ()
