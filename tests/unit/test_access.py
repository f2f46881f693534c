"""Who may what."""

from bot.access import Allowed, Refused, judge
from bot.model.request import Actor
from bot.model.rules import Person, Role, Rules

RULES = Rules(
    people={
        "U1": Person("U1", "ana", roles=("deployer",)),
        "U2": Person("U2", "ben", roles=("sre",)),
        "U3": Person("U3"),
    },
    roles={"deployer": Role("deployer", ("promote", "rollback"), ("staging",)), "sre": Role("sre", ("*",), ("*",))},
)


def test_a_role_allows_its_verbs_in_its_environments() -> None:
    assert judge(Actor("U1", "Ana"), "promote", "staging", RULES) == Allowed()
    assert judge(Actor("U2", "Ben"), "rollback", "production", RULES) == Allowed()


def test_outside_the_role_it_says_who_can() -> None:
    assert judge(Actor("U1", "Ana"), "promote", "production", RULES) == Refused(
        "Ana holds deployer, which may not promote in production. Ask someone with the role sre."
    )


def test_strangers_only_read() -> None:
    assert judge(Actor("U9", "Eve"), "promote", "staging", RULES) == Refused(
        "Eve is not listed under people in the config, so may only read; promote in staging needs a role. "
        "Ask someone with the role deployer or sre."
    )


def test_listed_without_a_role_only_reads() -> None:
    assert judge(Actor("U3", "Cid"), "promote", "staging", RULES) == Refused(
        "Cid holds no role, which may not promote in staging. Ask someone with the role deployer or sre."
    )


def test_the_terminal_has_the_tokens_authority_only_where_no_people_are_listed() -> None:
    assert judge(Actor("terminal", "terminal"), "promote", "staging", Rules()) == Allowed()
    assert isinstance(judge(Actor("terminal", "terminal"), "promote", "staging", RULES), Refused)
    assert judge(Actor("U1", "Ana"), "promote", "staging", Rules()) == Refused(
        "Ana is not listed under people in the config, so may only read; promote in staging needs a role. "
        "No role of the config allows it."
    )
