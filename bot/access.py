"""Who may run which verb where. Pure: rules in, verdict out; what can't be judged is refused."""

from dataclasses import dataclass

from bot.model.request import Actor
from bot.model.rules import Rules

TERMINAL = "terminal"
"""The actor of `say` where the config lists no people: whoever holds the Git token already has its authority."""

OVERRIDE = "override"
"""The permission to promote what a rule stands against, `anyway`. It is a word for `may` as verbs are."""


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    """`why` names the rule and what would be needed."""

    why: str


def judge(actor: Actor, verb: str, environment: str, rules: Rules) -> Allowed | Refused:
    """Whether the actor's roles allow a changing verb in an environment. Reading is open and not asked here."""
    if actor.id == TERMINAL and not rules.people:
        return Allowed()
    person = rules.people.get(actor.id)
    if person is None:
        return Refused(
            f"{actor.name} is not listed under people in the config, so may only read; "
            f"{verb} in {environment} needs a role. {_who(verb, environment, rules)}"
        )
    for name in person.roles:
        role = rules.roles.get(name)
        if role and _covers(role.may, verb) and _covers(role.environments, environment):
            return Allowed()
    held = ", ".join(person.roles) or "no role"
    named = f"{verb} (promote anyway)" if verb == OVERRIDE else verb
    return Refused(
        f"{actor.name} holds {held}, which may not {named} in {environment}. {_who(verb, environment, rules)}"
    )


def _who(verb: str, environment: str, rules: Rules) -> str:
    able = [
        name
        for name, role in rules.roles.items()
        if _covers(role.may, verb) and _covers(role.environments, environment)
    ]
    return f"Ask someone with the role {' or '.join(able)}." if able else "No role of the config allows it."


def _covers(allowed: tuple[str, ...], word: str) -> bool:
    return "*" in allowed or word in allowed
