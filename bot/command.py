"""A command as one declaration: usage lines are its grammar, its help and its docs.

Holds what a command gets to read (`Context`) and how commands are found and understood. Must not know any verb, and
gives commands no way to write.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import ModuleType, NoneType
from typing import TypeVar, get_args, get_type_hints

from bot import targets, wording
from bot.errors import Refusal
from bot.language import arguments, words
from bot.language.grammar import Match, Slot, Usage
from bot.language.suggest import nearest
from bot.model.catalog import Catalog, Repository, Target
from bot.model.change import Errand
from bot.model.promotion import Promotion, Standing, Waiting
from bot.model.reply import Reply
from bot.model.request import Invocation, Message, Misunderstanding
from bot.model.rules import Mute
from bot.ports import Forge, Git, Prober
from bot.recent import Recent
from bot.results import Plan
from bot.survey import Survey

Run = Callable[..., Plan | Errand | Reply]
T = TypeVar("T")


@dataclass(frozen=True)
class Command:
    """A verb, of one word or several. `changes` is whether it may lead to a write, and so needs permission."""

    usages: tuple[Usage, ...]
    examples: tuple[str, ...]
    changes: bool
    run: Run

    @property
    def verb(self) -> str:
        """The function's name, `_` read as a space: `drift_mute` is said “drift mute”."""
        return _spoken(self.run.__name__)

    @cached_property
    def summary(self) -> str:
        return inspect.getdoc(self.run) or ""

    @cached_property
    def parameters(self) -> Mapping[str, object]:
        """Each slot's kind: the annotation of the parameter of its name, without its `| None`."""
        hints = get_type_hints(self.run)
        return {name: _required(hint) for name, hint in hints.items() if name not in {"ctx", "return"}}


def command(*usages: str, examples: Sequence[str], changes: bool = False) -> Callable[[Run], Command]:
    """Declare a command: `@command("status [<service>]", examples=["status payment"])` above its function.

    TypeError or ValueError where usages and function don't fit: when it is imported, not when somebody says it.
    """

    def declare(run: Run) -> Command:
        declared = Command(tuple(map(Usage, usages)), tuple(examples), changes, run)
        _check(declared)
        return declared

    return declare


@dataclass(frozen=True)
class Registry:
    """All commands by verb, in the order of their names."""

    commands: Mapping[str, Command]

    def understand(self, typed: str, known: arguments.Vocabulary) -> Invocation | Misunderstanding:
        """The one command in a message, with its arguments converted; else what is wrong, and where."""
        split = words.split(typed)
        if isinstance(split, Misunderstanding):
            return split
        first = split.words[0]
        if sum(line[0].text.casefold() in self._firsts for line in split.lines) > 1:
            return Misunderstanding("That is more than one command; send one a message, so that each has its answer.")
        found = self._begun(split)
        if found is None:
            near = nearest(first.text, self.commands)
            return Misunderstanding(
                f"There is no command {first.text[:60]}" + ("" if near else "; help lists all of them"),
                split.text,
                first.start,
                len(first.text),
                near,
            )
        matches = [usage.match(split.words) for usage in found.usages]
        complete = next((match for match in matches if match.complete), None)
        if complete is None:
            return self._mismatch(found, max(matches, key=lambda match: match.reached), split)
        understood = _convert(found, complete, split, known)
        begun = next((match for match in matches if match.reached == len(split.words) and not match.complete), None)
        if isinstance(understood, Misunderstanding) and begun:
            # "rollback pr" names no service: it is the beginning of "rollback pr <number>".
            return self._mismatch(found, begun, split)
        if isinstance(understood, Misunderstanding):
            return replace(understood, suggestions=(*understood.suggestions, *self._longer(found, split)))
        return understood

    @cached_property
    def _firsts(self) -> frozenset[str]:
        return frozenset(verb.partition(" ")[0] for verb in self.commands)

    def _begun(self, split: words.Words) -> Command | None:
        """The command of the longest verb that the words begin with: “drift mute …” asks nothing of a service mute."""
        said = [word.text.casefold() for word in split.words]
        fitting = [verb for verb in self.commands if verb.split() == said[: len(verb.split())]]
        return self.commands[max(fitting, key=len)] if fitting else None

    def _longer(self, found: Command, split: words.Words) -> tuple[str, ...]:
        """Longer verbs that begin like a command, and that may have been meant: “drift mut”."""
        begins = f"{found.verb} "
        said = split.words[len(found.verb.split()) :][:1]
        rests = [verb.removeprefix(begins) for verb in self.commands if verb.startswith(begins)]
        return tuple(begins + rest for rest in nearest(said[0].text, rests)) if said else ()

    def _mismatch(self, found: Command, match: Match, split: words.Words) -> Misunderstanding:
        rest = split.words[match.reached :]
        usage = "; ".join(usage.line for usage in found.usages)
        # Where a word was wanted, it may be a service that is called like a command.
        if any(word.text.casefold() in self._firsts for word in rest[1 if match.wanted else 0 :]):
            return Misunderstanding("That looks like more than one command; send one a message.")
        if not rest:
            return Misunderstanding(
                f"{split.text.strip()} … and then? “{match.wanted}” is missing. Usage: {usage}", split.text
            )
        said = rest[0]
        wanted = f"“{match.wanted}” was expected" if match.wanted else "the command was complete before it"
        return Misunderstanding(
            f"{said.text[:60]} does not fit there: {wanted}. Usage: {usage}",
            split.text,
            said.start,
            len(said.text),
            self._longer(found, split),
        )


def discover(package: ModuleType) -> Registry:
    """Every module of a package is a verb: it holds a command of its own name, `drift_mute` that of “drift mute”."""
    commands = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        found = getattr(importlib.import_module(f"{package.__name__}.{module}"), module, None)
        if not isinstance(found, Command) or found.verb != _spoken(module):
            raise TypeError(f"{package.__name__}/{module}.py holds no command {module!r}")
        commands[found.verb] = found
    return Registry(commands)


@dataclass(frozen=True)
class Context:
    """What a command may look at: reads only, and all Git reads at the same commit of each repository."""

    catalog: Catalog
    git: Git
    survey: Survey
    message: Message
    now: datetime
    registry: Registry
    reach: Callable[[], Forge | None] = lambda: None
    """Called only by what needs the forge: its library is heavy, and most commands do without."""

    mutes: Callable[[str], Sequence[Mute]] = lambda _: ()
    """What is muted in an environment."""
    promotions: Callable[[], Sequence[Promotion]] = tuple
    """Those that are followed and have not ended."""
    queue: Callable[[], Sequence[Waiting]] = tuple
    """Those that wait for their gates."""
    standings: Callable[[str], Mapping[str, Standing]] = lambda _: {}
    """How the versions that an environment runs have done, by service."""
    recent: Recent = field(default_factory=Recent)
    """Looks of a moment ago, for what changes nothing."""

    prober: Callable[[], Prober | None] = lambda: None
    """Verifies versions; called only by what needs it. None where nobody can."""

    @property
    def forge(self) -> Forge:
        """Pull requests and sources. Refusal where no forge is configured."""
        forge = self.reach()
        if forge is None:
            raise Refusal(f"No forge is configured: {wording.SIGN_IN}.")
        return forge

    @cached_property
    def vocabulary(self) -> arguments.Vocabulary:
        environments = {}
        for environment in self.catalog.environments.values():
            for word in (environment.name, *environment.aliases):
                environments[word.casefold()] = environment.name
        return arguments.Vocabulary(
            tuple(self.registry.commands),
            environments,
            lambda: self._services,
            lambda: {target.service: target.service for target in self._watched},
        )

    @cached_property
    def _services(self) -> Mapping[str, str]:
        names = [target.service for target in self._targets]
        services = {name.casefold(): name for name in names}
        # Folders may differ in capitals only: then what was typed exactly is meant.
        services |= {name: name for name in names if services[name.casefold()] != name}
        for service in self.catalog.services.values():
            if service.name.casefold() in services:
                services |= {alias.casefold(): service.name for alias in service.aliases}
        return services

    @cached_property
    def _targets(self) -> tuple[Target, ...]:
        return self.git.targets(self.catalog)

    @cached_property
    def _watched(self) -> tuple[Target, ...]:
        return targets.watched(self.catalog, self.git.head)

    def targets(self, service: str | None = None, environment: str | None = None) -> tuple[Target, ...]:
        """All targets, or those of a service, an environment, or both; in order of promotion."""
        return _chosen(self._targets, service, environment)

    def compared(self, name: str | None = None, environment: str | None = None) -> tuple[Target, ...]:
        """The same, with the folders that are no service and only watched."""
        return _chosen((*self._targets, *self._watched), name, environment)

    def across(self, ask: Callable[[Repository], T]) -> dict[str, T]:
        """The answers of the repositories that have one, by name; Refusal, the first one's, where none has."""
        found: dict[str, T] = {}
        refusals = []
        for repository in self.catalog.repositories.values():
            try:
                found[repository.name] = ask(repository)
            except Refusal as refusal:
                refusals.append(refusal)
        if not found:
            raise refusals[0]
        return found

    def target(self, service: str, environment: str, *, watched: bool = False) -> Target:
        """The one target, which may be a folder that is only `watched`; Refusal that says where it is instead."""
        among = self.compared if watched else self.targets
        found = among(service, environment)
        if not found:
            elsewhere = ", ".join(target.environment for target in among(service)) or "nowhere"
            raise Refusal(f"{service} is not in {environment}; it is in {elsewhere}. Add its folder there first.")
        return found[0]


def _chosen(among: Iterable[Target], name: str | None, environment: str | None) -> tuple[Target, ...]:
    return tuple(each for each in among if name in (None, each.service) and environment in (None, each.environment))


def _check(declared: Command) -> None:
    name = f"{declared.run.__name__}()"
    verb = declared.verb.split()
    if not declared.usages or any(usage.line.split()[: len(verb)] != verb for usage in declared.usages):
        raise TypeError(f"{name} needs a usage, and all of them with the verb “{declared.verb}”")
    taken = inspect.signature(declared.run).parameters
    needed = {word for word, each in taken.items() if each.default is each.empty} - {"ctx"}
    for usage in declared.usages:
        if unknown := [slot for slot in usage.slots if declared.parameters.get(slot) not in arguments.CONVERTERS]:
            raise TypeError(f"{usage.line!r} names {unknown}, which {name} can't take")
        if missing := needed - {piece.name for piece in usage.pieces if isinstance(piece, Slot)}:
            raise TypeError(f"{usage.line!r} may leave out {sorted(missing)}, which {name} needs")


def _convert(
    found: Command, match: Match, split: words.Words, known: arguments.Vocabulary
) -> Invocation | Misunderstanding:
    converted = {}
    # Words that need no look at Git come first, so that a typing error never waits for a fetch.
    late = {arguments.ServiceName, arguments.ServiceNames, arguments.TargetName}
    for name, said in sorted(match.slots.items(), key=lambda slot: found.parameters[slot[0]] in late):
        value = arguments.CONVERTERS[found.parameters[name]](said, known)
        if isinstance(value, arguments.Unknown):
            word = value.at or said[0]
            return Misunderstanding(value.why, split.text, word.start, len(word.text), value.suggestions)
        converted[name] = value
    flags = (word for word in match.said if found.parameters.get(word) is arguments.Said)
    return Invocation(found.verb, converted | dict.fromkeys(flags, True))


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _required(hint: object) -> object:
    given = [part for part in get_args(hint) if part is not NoneType]
    return given[0] if given else hint
