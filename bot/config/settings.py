"""A config file becomes the `Settings` that the rest of the bot speaks; everything wrong with it is said at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.access import OVERRIDE
from bot.config.parse import Malformed, Step, Typed, parse
from bot.config.problems import Problem, did_you_mean, problems, refusal
from bot.config.schema import DriftKeys, EnvironmentKeys, FileKeys, ProbeKeys
from bot.errors import Refusal
from bot.model.catalog import Catalog, Delivery, Environment, ImagePolicy, Merge, Place, Repository, Service
from bot.model.change import Author
from bot.model.rules import Ignore, Person, Role, Rules
from bot.model.schedule import Cron, Every, Schedule, period
from bot.model.verification import JobProbe, OnFailure, Probe, QueryProbe, UrlProbe, Verification

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """When Git and clusters are compared, where that is told, and what comes of it."""

    schedule: Schedule
    jitter: timedelta
    channel: str | None = None
    offer: bool = True
    """Whether a report says how to heal."""
    ignore: tuple[Ignore, ...] = ()
    sync: bool = False
    """Whether the engine is asked to heal by itself."""
    confirm: bool = False
    """Whether suspects are confirmed by dry runs."""
    secrets: bool = True
    """Whether Secrets are read and compared."""


@dataclass(frozen=True, slots=True)
class Settings:
    catalog: Catalog
    rules: Rules
    drift: Drift
    author: Author
    plan: bool = False
    """Whether steps are shown by Slack's plan block."""


def load(path: Path, verbs: Collection[str] = ()) -> Settings:
    """Read a config file. `verbs` are those that roles may name; none given, none are checked.

    Refusal with every problem, one a line: `quarterdeck.yaml:12: unknown key 'aproval' under …`.
    """
    try:
        document = parse(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Refusal(f"{path} can't be read: {error.strerror}. Name the config with --config.") from None
    except UnicodeDecodeError as error:
        raise Refusal(f"{path} is not UTF-8 text (byte {error.start}).") from None
    except Malformed as error:
        raise refusal(path, error.problems) from None
    keys, found = _validate(document.data)
    if keys is not None:
        found += _contradictions(keys, document.data, verbs)
    if keys is None or found:
        raise refusal(path, {(document.line(problem.place), problem.sentence) for problem in found})
    return _settings(keys, path.parent.absolute())


def _validate(data: Typed) -> tuple[FileKeys | None, list[Problem]]:
    """The keys and what is wrong with them; where the rest stands without the wrong ones, the keys without them."""
    try:
        return FileKeys.model_validate(data), []
    except ValidationError as error:
        found = problems(error)
    wrong = {problem.place for problem in found}
    for _ in range(_ROUNDS):
        try:
            return FileKeys.model_validate(_without(data, wrong, ())), found
        except ValidationError as error:
            # An entry that lacks what was wrong in it goes as a whole.
            wrong |= {problem.place[:-1] for problem in problems(error)}
    return None, found


def _without(data: Typed, wrong: Collection[tuple[Step, ...]], place: tuple[Step, ...]) -> Typed:
    if isinstance(data, dict):
        return {key: _without(value, wrong, (*place, key)) for key, value in data.items() if (*place, key) not in wrong}
    if isinstance(data, list):
        kept = [(*place, index) not in wrong for index in range(len(data))]
        return [_without(value, wrong, (*place, index)) for index, value in enumerate(data) if kept[index]]
    return data


def _contradictions(keys: FileKeys, data: Typed, verbs: Collection[str]) -> list[Problem]:
    """Where one part of the file doesn't go with another. `data` still has the names that were left out of `keys`."""
    names = {
        key: set(held) if isinstance(data, dict) and isinstance(held := data.get(key), dict) else set()
        for key in ("repositories", "environments", "roles")
    }
    return [
        *_unknown_references(keys, names, verbs),
        *_clashes("environments", keys.environments),
        *_clashes("services", keys.services),
        *_out_of_order(keys.environments),
        *_shared_paths(keys.environments),
        *_shared_logins(keys),
    ]


def _unknown_references(keys: FileKeys, names: Mapping[str, set[str]], verbs: Collection[str]) -> Iterator[Problem]:
    for name, environment in keys.environments.items():
        place = ("environments", name, "repository")
        if environment.repository is not None:
            yield from _unknown("repository", [environment.repository], names["repositories"], place)
        elif len(names["repositories"]) > 1:
            yield Problem(place, f"environments.{name} needs 'repository', one of {_list(names['repositories'])}")
        after = [environment.after] if environment.after else []
        yield from _unknown("environment", after, names["environments"], ("environments", name, "after"))
    for name, service in keys.services.items():
        wanted = [service.repository] if service.repository else []
        yield from _unknown("repository", wanted, names["repositories"], ("services", name, "repository"))
    for name, person in keys.people.items():
        yield from _unknown("role", person.roles, names["roles"], ("people", name, "roles"))
    for number, rule in enumerate(keys.drift.ignore):
        wanted = [rule.environment] if rule.environment else []
        yield from _unknown("environment", wanted, names["environments"], ("drift", "ignore", number, "in"))
    for name, role in keys.roles.items():
        yield from _unknown("environment", role.environments, names["environments"] | {"*"}, ("roles", name, "in"))
        if verbs:
            yield from _unknown("verb", role.may, {*verbs, OVERRIDE, "*"}, ("roles", name, "may"))


def _unknown(what: str, words: Iterable[str], known: Collection[str], place: tuple[Step, ...]) -> Iterator[Problem]:
    for word in words:
        if word not in known:
            guess = did_you_mean(word, known) or f"; known are {_list(known)}"
            yield Problem(place, f"{'.'.join(map(str, place))}: unknown {what} {word!r}{guess}")


def _clashes(section: str, entries: Mapping[str, Any]) -> Iterator[Problem]:
    """Commands don't tell capitals apart, so two words that differ in nothing else would mean two things."""
    owners: dict[str, str] = {}
    for name in entries:
        owners.setdefault(name.casefold(), name)
        if owners[name.casefold()] != name:
            yield Problem((section, name), f"{section}: {name} and {owners[name.casefold()]} differ in capitals only")
    for name, entry in entries.items():
        for alias in entry.aliases:
            owner = owners.setdefault(alias.casefold(), name)
            if owner != name:
                yield Problem((section, name, "aliases"), f"{section}.{name}.aliases: {alias!r} means {owner} already")


def _out_of_order(environments: Mapping[str, EnvironmentKeys]) -> Iterator[Problem]:
    """Gates that could never open: versions come from environments before, in which health can be told."""
    order = list(environments)
    for name, environment in environments.items():
        before = environment.after
        if before is None or before not in environments:
            continue  # it is unknown, or wrong itself: that is said already
        place = ("environments", name, "after")
        if before == name:
            yield Problem(place, f"environments.{name}.after: {name} can't come after itself")
        elif order.index(before) > order.index(name):
            why = f"{before} stands below {name}, and the order of environments is that of promotion"
            yield Problem(place, f"environments.{name}.after: {why}")
        elif environments[before].cluster is None:
            why = f"{before} has no cluster, so nobody could tell whether a version is healthy there"
            yield Problem(place, f"environments.{name}.after: {why}")


def _shared_paths(environments: Mapping[str, EnvironmentKeys]) -> Iterator[Problem]:
    """Two environments in one folder: a promotion to one would move the other."""
    owners: dict[tuple[str | None, str], str] = {}
    for name, environment in environments.items():
        for path in environment.path:
            owner = owners.setdefault((environment.repository, path), name)
            if owner != name:
                sentence = f"environments.{name}.path: {path!r} is {owner}'s already"
                yield Problem(("environments", name, "path"), sentence)


def _shared_logins(keys: FileKeys) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, person in keys.people.items():
        owner = owners.setdefault(person.github.casefold(), name) if person.github else name
        if owner != name:
            yield Problem(("people", name, "github"), f"people.{name}.github: {person.github!r} is {owner}'s already")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _settings(keys: FileKeys, folder: Path) -> Settings:
    people = {
        name: Person(name, person.github, tuple(person.roles), person.email) for name, person in keys.people.items()
    }
    roles = {name: Role(name, tuple(role.may), tuple(role.environments)) for name, role in keys.roles.items()}
    author = Author(keys.author.name, keys.author.email, keys.author.sign)
    return Settings(
        _catalog(keys, folder), Rules(people, roles), _drift(keys.drift), author, plan=keys.slack.steps == "plan"
    )


def _catalog(keys: FileKeys, folder: Path) -> Catalog:
    repositories = {
        name: Repository(
            name,
            each.url if "://" in each.url or "@" in each.url.partition("/")[0] else str(folder / each.url),
            each.branch,
            _beside(folder, each.ssh_key_file),
            _beside(folder, each.ssh_known_hosts_file),
        )
        for name, each in keys.repositories.items()
    }
    environments = {
        name: Environment(
            name,
            paths=tuple(each.path),
            repository=each.repository or next(iter(repositories)),
            cluster=each.cluster,
            engine=each.engine,
            aliases=tuple(each.aliases),
            delivery=Delivery(each.change),
            channel=each.channel,
            reviewers=tuple(each.reviewers),
            apart=each.release == "apart",
            labels=tuple(each.labels),
            assign=each.assign,
            draft=each.draft,
            merge=Merge(each.merge),
            after=each.after,
            soak=period(each.soak),
            verification=_verification(each),
            deployments=keys.deployments if each.deployments is None else each.deployments,
            watch=tuple(each.watch),
        )
        for name, each in keys.environments.items()
    }
    services = {
        name: Service(
            name,
            tuple(each.aliases),
            each.image,
            each.namespace,
            each.repository,
            pins=tuple(Place(pin.path, pin.file, pin.document) for pin in each.pins),
            source=each.source,
        )
        for name, each in keys.services.items()
    }
    return Catalog(repositories, environments, services, ImagePolicy(tuple(keys.images.allow), keys.images.version))


def _verification(keys: EnvironmentKeys) -> Verification:
    return Verification(
        period(keys.healthy_for),
        period(keys.timeout),
        tuple(_probe(each) for each in keys.verify),
        OnFailure(keys.on_failure),
    )


def _probe(keys: ProbeKeys) -> Probe:
    if keys.url is not None:
        return UrlProbe(keys.url, keys.status, keys.contains or "")
    if keys.query is not None:
        return QueryProbe(keys.prometheus or "", keys.query, keys.above, keys.below)
    return JobProbe(keys.job or "")


def _beside(folder: Path, file: str | None) -> Path | None:
    return folder / Path(file).expanduser() if file else None


def _drift(keys: DriftKeys) -> Drift:
    schedule = Cron.parse(keys.cron, keys.zone) if keys.cron else Every(period(keys.every or "5m"))
    ignore = tuple(
        Ignore(
            each.why,
            each.kind or "",
            each.name or "",
            each.path or "",
            each.manager or "",
            each.service or "",
            each.environment or "",
        )
        for each in keys.ignore
    )
    return Drift(
        schedule,
        period(keys.jitter),
        keys.channel,
        offer=keys.heal != "nothing",
        ignore=ignore,
        sync=keys.heal == "sync",
        confirm=keys.confirm,
        secrets=keys.secrets == "compare",
    )
