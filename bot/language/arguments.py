"""What a slot may hold, by the annotation of the command's parameter.

A converter gets the word and the vocabulary and gives the known name, or says what is wrong with the word.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NewType

from bot.errors import Refusal
from bot.language.grammar import AND
from bot.language.suggest import nearest
from bot.language.words import Word
from bot.manifests import images
from bot.model.schedule import PERIOD, period

ServiceName = NewType("ServiceName", str)
TargetName = NewType("TargetName", str)
"""A service, or a folder that is only watched."""
EnvironmentName = NewType("EnvironmentName", str)
VersionName = NewType("VersionName", str)
ServiceNames = NewType("ServiceNames", tuple[str, ...])
VerbName = NewType("VerbName", str)
Reason = NewType("Reason", str)
PullNumber = NewType("PullNumber", int)
Duration = NewType("Duration", timedelta)
Said = NewType("Said", bool)
"""Whether the keyword of the parameter's name was said."""

ALL = "all"
"""In place of a list of services: every one that there is for the command."""


@dataclass(frozen=True)
class Vocabulary:
    """What can be named. Environments and services by each word they answer to; services are looked up late."""

    verbs: tuple[str, ...]
    environments: Mapping[str, str]
    services: Callable[[], Mapping[str, str]]
    watched: Callable[[], Mapping[str, str]] = dict
    """Folders that are no service."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that names nothing, and what it may have been meant to be. `at` is that word; None if it is the slot's."""

    why: str
    suggestions: tuple[str, ...] = ()
    at: Word | None = None


def service(word: Word, known: Vocabulary) -> str | Unknown:
    services = known.services()
    if (name := services.get(word.text) or services.get(word.text.casefold())) is not None:
        return name
    if (environment := known.environments.get(word.text.casefold())) is not None:
        return Unknown(f"{word.text} is an environment, and a service is wanted here", (f"in {environment}",))
    return _unknown("service", word, services, set(services.values()))


def target(word: Word, known: Vocabulary) -> str | Unknown:
    """A service or a watched folder; services first, since nobody need look at folders for those."""
    found = service(word, known)
    if isinstance(found, Unknown):
        return known.watched().get(word.text.strip("/"), found)
    return found


def environment(word: Word, known: Vocabulary) -> str | Unknown:
    name = known.environments.get(word.text.casefold())
    return name if name is not None else _unknown("environment", word, known.environments, known.environments.values())


def version(word: Word, _: Vocabulary) -> str | Unknown:
    try:
        return images.version(word.text)
    except Refusal as refusal:
        return Unknown(str(refusal).rstrip("."))


def verb(words: Sequence[Word], known: Vocabulary) -> str | Unknown:
    """One of several words may be meant: `drift mute`."""
    said = Word(" ".join(word.text for word in words), words[0].start)
    name = said.text.casefold()
    if name in known.verbs:
        return name
    return replace(_unknown("command", said, known.verbs, known.verbs), at=said)


def services(words: Sequence[Word], known: Vocabulary) -> tuple[str, ...] | Unknown:
    """The services of a list, each once; none for `all`, which the command knows best."""
    if [word.text.casefold() for word in words] == [ALL]:
        return ()
    names: dict[str, None] = {}
    for word in words:
        for match in re.finditer(r"[^,]+", "" if word.text.casefold() == AND else word.text):
            part = Word(match[0], word.start + match.start())
            name = service(part, known)
            if isinstance(name, Unknown):
                return replace(name, at=part)
            names[name] = None
    return tuple(names) or Unknown("A list of services is like api, payment")


def reason(words: Sequence[Word], _: Vocabulary) -> str:
    return " ".join(word.text for word in words)


def pull_number(words: Sequence[Word], _: Vocabulary) -> int | Unknown:
    """`12` or `#12`."""
    if match := re.fullmatch(r"(?a)#?([1-9]\d{0,8})", words[0].text):
        return int(match[1])
    return Unknown(f"{words[0].text[:60]} is no number of a pull request; such as 12 or #12")


def duration(words: Sequence[Word], _: Vocabulary) -> timedelta | Unknown:
    """`30m`, `2h`, `1d`, `1w`, `1d12h`."""
    said = words[0].text.casefold()
    if re.fullmatch(f"(?a:{PERIOD})", said):
        return period(said)
    return Unknown(f"{words[0].text[:60]} is no length of time; one is such as 30m, 2h, 1d or 1w")


Converter = Callable[[Word, Vocabulary], str | Unknown]
ListConverter = Callable[[Sequence[Word], Vocabulary], str | int | tuple[str, ...] | timedelta | Unknown]


def _single(convert: Converter) -> ListConverter:
    return lambda words, known: convert(words[0], known)


CONVERTERS: Mapping[object, ListConverter] = {
    ServiceName: _single(service),
    TargetName: _single(target),
    ServiceNames: services,
    EnvironmentName: _single(environment),
    VersionName: _single(version),
    VerbName: verb,
    Reason: reason,
    PullNumber: pull_number,
    Duration: duration,
}


def _unknown(noun: str, word: Word, words: Iterable[str], names: Iterable[str]) -> Unknown:
    listed = sorted(set(names))
    near = nearest(word.text, words)
    shown = ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
    why = f"There is no {noun} {word.text[:60]}"
    return Unknown(why if near else f"{why}; known are {shown}" if listed else f"{why}, nor any other", near)
