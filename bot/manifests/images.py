"""Image references and versions, by the grammar of the distribution project's reference package.

Knows nothing of files. https://github.com/distribution/reference/blob/main/reference.go has the grammar.
"""

import re
from functools import lru_cache

from bot.errors import Refusal
from bot.model.catalog import Image

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-f]{32,}")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_LONGEST_NAME = 255
_LONGEST_TAG = 128


def split(text: str) -> Image:
    """A reference taken apart without judging it, as Kustomize does: what is no legal reference still has a name.

    A colon is a tag's only after the last slash; before it, it is a registry's port.
    """
    rest, _, digest = text.partition("@")
    slash = rest.rfind("/") + 1
    last, colon, tag = rest[slash:].partition(":")
    return Image(rest[:slash] + last, tag if colon else None, digest or None)


@lru_cache(maxsize=8_192)
def parse(text: str) -> Image:
    """The reference's parts. Refusal with the rule it breaks."""
    image = split(text)
    _check_name(image.name, text)
    if image.tag is not None:
        _check_tag(image.tag)
    if image.digest is not None and not _DIGEST.fullmatch(image.digest):
        raise Refusal(f"“{_shown(text)}” is no image reference: what follows the @ is not a digest like sha256:…")
    return image


def version(text: str) -> str:
    """A version as a person typed it, if it is legal: a tag, `sha256:<64 hex>`, or `tag@sha256:<64 hex>`.

    Refusal with the rule it breaks and, where one is near, the legal spelling.
    """
    tag, at, digest = text.partition("@")
    if not at and tag.startswith("sha256:"):
        tag, digest = "", tag
    if digest or at:
        _check_digest(digest)
    if tag or not digest:
        _check_tag(tag)
    return text


def moved(image: Image, version: str) -> Image:
    """The image at another version. What that doesn't name is dropped: an old digest would win over a new tag."""
    tag, at, digest = version.partition("@")
    if not at and ":" in tag:
        return Image(image.name, None, tag)
    return Image(image.name, tag, digest or None)


def named_after(name: str, service: str) -> bool:
    """Whether an image's repository is called like the service: its last path segment equals the service's name."""
    return name.rpartition("/")[2] == service


def _check_name(name: str, text: str) -> None:
    if not name:
        raise Refusal(f"“{_shown(text)}” names no image; a reference is like registry.example.com/team/app:v1.2.0.")
    if len(name) > _LONGEST_NAME:
        raise Refusal(
            f"“{_shown(text)}” is no image reference: its name has {len(name)} characters, at most 255 may be."
        )
    first, slash, path = name.partition("/")
    if not slash or not (set(first) & set(".:[") or first == "localhost"):
        path = name
    elif not _HOST.fullmatch(first):
        raise Refusal(f"“{_shown(text)}” is no image reference: “{_shown(first)}” is not a registry's host and port.")
    for component in path.split("/"):
        if component != component.lower():
            raise Refusal(
                f"“{_shown(text)}” is no image reference: a repository's path is lower case; "
                f"did you mean {_shown(path.lower())}?"
            )
        if not _COMPONENT.fullmatch(component):
            raise Refusal(
                f"“{_shown(text)}” is no image reference: “{_shown(component)}” must be lower-case letters and digits, "
                "joined by single dots, one or two underscores, or dashes."
            )


def _check_tag(tag: str) -> None:
    if _TAG.fullmatch(tag):
        return
    if not tag:
        raise Refusal("The version is empty; a version is a tag like v1.3.0 or a digest like sha256:….")
    if "/" in tag:
        raise Refusal(f"“{_shown(tag)}” is a whole image or a path; a version is only its tag or digest, like v1.3.0.")
    if len(tag) > _LONGEST_TAG:
        raise Refusal(f"“{_shown(tag)}” has {len(tag)} characters; an image tag has at most {_LONGEST_TAG}.")
    if tag[0] in ".-":
        raise Refusal(
            f"“{_shown(tag)}” is no image tag: one starts with a letter, a digit or an underscore, not with “{tag[0]}”."
        )
    wrong = next(character for character in tag if not re.match(r"[A-Za-z0-9_.-]", character))
    fixed = tag.replace(wrong, "_")
    hint = f"did you mean {fixed}?" if wrong == "+" and _TAG.fullmatch(fixed) else "letters, digits, _ . and - are."
    raise Refusal(f"“{_shown(wrong)}” is not allowed in an image tag (“{_shown(tag)}”); {hint}")


def _check_digest(digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256":
        raise Refusal(f"“{_shown(digest)}” is no image digest; one is sha256: and 64 hexadecimal digits.")
    if not re.fullmatch("[0-9a-f]{64}", value):
        seen = "other characters" if not re.fullmatch("[0-9a-f]*", value) else str(len(value))
        raise Refusal(f"A sha256 digest has 64 lower-case hexadecimal digits; “{_shown(digest)}” has {seen}.")


def _shown(text: str) -> str:
    """Text of unknown origin for a sentence: one line, short, nothing invisible."""
    plain = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
    return plain if len(plain) <= 80 else plain[:79] + "…"
