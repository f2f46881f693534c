"""What a slot may hold, by the annotation of the command's parameter.

A converter gets the word and the vocabulary and gives the known name, or says what is wrong with the word.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NewType

from bot.errors import Refusal
from bot.language.suggest import nearest
from bot.language.words import Word
from bot.manifests import images

ServiceName = NewType("ServiceName", str)
EnvironmentName = NewType("EnvironmentName", str)
VersionName = NewType("VersionName", str)
VerbName = NewType("VerbName", str)


@dataclass(frozen=True)
class Vocabulary:
    """What can be named. Environments and services by each word they answer to; services are looked up late."""

    verbs: tuple[str, ...]
    environments: Mapping[str, str]
    services: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that names nothing, and what it may have been meant to be."""

    why: str
    suggestions: tuple[str, ...] = ()


def service(word: Word, known: Vocabulary) -> str | Unknown:
    services = known.services()
    if (name := services.get(word.text) or services.get(word.text.casefold())) is not None:
        return name
    if (environment := known.environments.get(word.text.casefold())) is not None:
        return Unknown(f"{word.text} is an environment, and a service is wanted here", (f"in {environment}",))
    return _unknown("service", word, services, set(services.values()))


def environment(word: Word, known: Vocabulary) -> str | Unknown:
    name = known.environments.get(word.text.casefold())
    return name if name is not None else _unknown("environment", word, known.environments, known.environments.values())


def version(word: Word, _: Vocabulary) -> str | Unknown:
    try:
        return images.version(word.text)
    except Refusal as refusal:
        return Unknown(str(refusal).rstrip("."))


def verb(word: Word, known: Vocabulary) -> str | Unknown:
    name = word.text.casefold()
    return name if name in known.verbs else _unknown("command", word, known.verbs, known.verbs)


Converter = Callable[[Word, Vocabulary], str | Unknown]
CONVERTERS: Mapping[object, Converter] = {
    ServiceName: service,
    EnvironmentName: environment,
    VersionName: version,
    VerbName: verb,
}


def _unknown(noun: str, word: Word, words: Iterable[str], names: Iterable[str]) -> Unknown:
    listed = sorted(set(names))
    near = nearest(word.text, words)
    shown = ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
    why = f"There is no {noun} {word.text[:60]}"
    return Unknown(why if near else f"{why}; known are {shown}" if listed else f"{why}, nor any other", near)
