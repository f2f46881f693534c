"""How commands are declared, found and understood, and what they may look at."""

import sys
import types
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from memory import NOW, Clusters, Engines, Git, Synced

import commands
from bot.command import Context, Registry, command, discover
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, ServiceName, VersionName, Vocabulary
from bot.model.catalog import Catalog, Environment, Repository, Service
from bot.model.reply import Outcome, Reply
from bot.model.request import Actor, Invocation, Message, Misunderstanding, Place
from bot.rendering.renderer import Renderer
from bot.survey import Survey

REGISTRY = discover(commands)
KNOWN = Vocabulary(
    tuple(REGISTRY.commands),
    {"staging": "staging", "production": "production", "prod": "production"},
    lambda: {"payment": "payment", "pay": "payment", "api": "api"},
)


PROD = "production"


def understand(typed: str) -> Invocation | Misunderstanding:
    return REGISTRY.understand(typed, KNOWN)


def test_every_verb_is_found_in_the_order_of_its_name() -> None:
    assert list(REGISTRY.commands) == [
        *("cancel", "diff", "drift", "drift adopt", "drift ignore", "drift mute", "drift show", "drift sync"),
        *("drift unmute", "help", "history", "promote", "rollback", "status", "where"),
    ]
    assert [verb for verb, each in REGISTRY.commands.items() if not each.changes] == [
        *("diff", "drift", "drift show", "help", "history", "status", "where"),
    ]


@pytest.mark.parametrize(
    ("verb", "example"), [(verb, example) for verb, each in REGISTRY.commands.items() for example in each.examples]
)
def test_every_example_is_understood_as_its_own_verb(verb: str, example: str) -> None:
    understood = understand(example)
    assert isinstance(understood, Invocation), understood
    assert understood.verb == verb


@pytest.mark.parametrize(
    ("typed", "invocation"),
    [
        ("status", Invocation("status")),
        ("STATUS Pay IN Prod", Invocation("status", {"service": "payment", "environment": "production"})),
        ("status in prod", Invocation("status", {"environment": "production"})),
        ("promote api v1 to prod", Invocation("promote", {"service": "api", "version": "v1", "environment": PROD})),
        ("promote api to prod", Invocation("promote", {"services": ("api",), "environment": PROD})),
        ("promote api, pay to prod", Invocation("promote", {"services": ("api", "payment"), "environment": PROD})),
        ("promote api ,pay to prod", Invocation("promote", {"services": ("api", "payment"), "environment": PROD})),
        ("promote api,pay,api to prod", Invocation("promote", {"services": ("api", "payment"), "environment": PROD})),
        (
            "promote ALL from staging to prod",
            Invocation("promote", {"services": (), "origin": "staging", "environment": PROD}),
        ),
        ("rollback api to v1", Invocation("rollback", {"service": "api", "version": "v1"})),
        ("drift check api", Invocation("drift", {"service": "api"})),
        ("help promote", Invocation("help", {"verb": "promote"})),
        ("help Drift Mute", Invocation("help", {"verb": "drift mute"})),
        (
            "DRIFT Mute api in prod for 1d12h because it is so",
            Invocation(
                "drift mute",
                {"service": "api", "environment": PROD, "duration": timedelta(hours=36), "reason": "it is so"},
            ),
        ),
        ("drift sync pay in prod", Invocation("drift sync", {"service": "payment", "environment": PROD})),
        ("promote api and pay to prod", Invocation("promote", {"services": ("api", "payment"), "environment": PROD})),
        ("promote api, and pay to prod", Invocation("promote", {"services": ("api", "payment"), "environment": PROD})),
    ],
)  # fmt: skip
def test_what_is_said_is_understood(typed: str, invocation: Invocation) -> None:
    assert understand(typed) == invocation


def near(said: object) -> tuple[str, str, tuple[str, ...]]:
    """Why, the part of the text that is pointed at, and what was meant."""
    assert isinstance(said, Misunderstanding)
    shown = "" if said.position is None else said.text[said.position : said.position + said.length]
    return said.why, shown, said.suggestions


@pytest.mark.parametrize(
    ("typed", "why", "shown", "suggestions"),
    [
        ("promot payment v1 to prod", "There is no command promot", "promot", ("promote",)),
        ("xyzzy", "There is no command xyzzy; help lists all of them", "xyzzy", ()),
        ("promote paymnet v1 to prod", "There is no service paymnet", "paymnet", ("payment", "pay")),
        ("promote payment v1 to pord", "There is no environment pord", "pord", ("prod",)),
        ("promote paymnet v1 to pord", "There is no environment pord", "pord", ("prod",)),
        ("status prod", "prod is an environment, and a service is wanted here", "prod", ("in production",)),
        ("status zzz", "There is no service zzz; known are api, payment", "zzz", ()),
        ("help promte", "There is no command promte", "promte", ("promote",)),
        ("drift mut", "There is no service mut; known are api, payment", "mut", ("drift mute", "drift unmute")),
        ("help drift mut", "There is no command drift mut", "drift mut", ("drift mute", "drift unmute", "drift")),
        ("drift mute api in prod for long", "long is no length of time; one is such as 30m, 2h, 1d or 1w", "long", ()),
    ],
)
def test_a_slip_is_pointed_at_and_what_was_meant_is_said(
    typed: str, why: str, shown: str, suggestions: tuple[str, ...]
) -> None:
    assert near(understand(typed)) == (why, shown, suggestions)


@pytest.mark.parametrize(
    ("typed", "begins", "shown"),
    [
        ("promote payment v1 prod", "prod does not fit there: “to” was expected. Usage: promote <service>", "prod"),
        ("promote payment v1 to prod now", "now does not fit there: the command was complete before it.", "now"),
        ("status in prod please", "please does not fit there: the command was complete before it.", "please"),
        ("promote payment v1 to", "promote payment v1 to … and then? “<environment>” is missing. Usage: ", ""),
        ("history", "history … and then? “<service>” is missing. Usage: history <service> [in <environment>]", ""),
        ("rollback api in prod to", "rollback api in prod to … and then? “<version>” is missing.", ""),
        ("drift mute", "drift mute … and then? “<service>” is missing. Usage: drift mute <service> in ", ""),
        (
            "drift mut api in prod",
            "api does not fit there: the command was complete before it. Usage: drift [check]",
            "api",
        ),
        ("rollback pr", "rollback pr … and then? “<number>” is missing. Usage: rollback <service> ", ""),
    ],
)
def test_where_a_sentence_goes_wrong_is_pointed_at(typed: str, begins: str, shown: str) -> None:
    why, pointed, _ = near(understand(typed))
    assert why.startswith(begins), why
    assert pointed == shown


@pytest.mark.parametrize(
    "typed",
    [
        "status\ndrift",
        "promote payment v1 to prod\npromote api v1 to prod",
        "promote payment v1 to prod and then rollback api",
        "status payment and status api",
        "status payment drift",
    ],
)
def test_several_commands_are_refused(typed: str) -> None:
    assert "more than one command" in near(understand(typed))[0]


def test_a_longer_verb_is_meant_before_a_service_of_that_name() -> None:
    known = Vocabulary(KNOWN.verbs, KNOWN.environments, lambda: {"mute": "mute"})
    assert near(REGISTRY.understand("drift mute", known))[0].startswith("drift mute … and then?")
    assert REGISTRY.understand("drift check mute", known) == Invocation("drift", {"service": "mute"})
    assert near(understand("drift mut api in prod"))[2] == ("drift mute", "drift unmute")


def test_a_typing_error_does_not_wait_for_git() -> None:
    def fetched() -> dict[str, str]:
        raise AssertionError("the services were looked up")

    known = Vocabulary(KNOWN.verbs, KNOWN.environments, fetched)
    assert "pord" in near(REGISTRY.understand("promote payment v1 to pord", known))[0]


def test_a_long_word_is_cut_in_the_sentence() -> None:
    assert near(understand("x" * 900))[0] == f"There is no command {'x' * 60}; help lists all of them"


def do(ctx: Context, service: ServiceName, version: VersionName | None = None, other: int = 0) -> Reply:
    """Do it."""
    return Reply(Outcome.ANSWERED, service)


@pytest.mark.parametrize(
    ("usages", "why"),
    [
        (["do <service> <colour>"], "colour"),
        (["do <service> <other>"], "other"),
        (["do <service> [<version>"], "bracket"),
        (["do <service>] [<version>"], "bracket"),
        (["do <service>", "make <service>"], "verb"),
        (["do <version>"], "service"),
        (["do [<service>]"], "service"),
        ([], "usage"),
    ],
)
def test_a_wrong_declaration_is_found_when_it_is_declared(usages: list[str], why: str) -> None:
    with pytest.raises((TypeError, ValueError), match=why):
        command(*usages, examples=[])(do)


def test_a_right_declaration_is_taken() -> None:
    made = command("do <service> [<version>]", "do <version> <service>", examples=["do x"], changes=True)(do)
    assert (made.verb, made.summary, made.changes) == ("do", "Do it.", True)
    assert made.parameters == {"service": ServiceName, "version": VersionName, "other": int}


@pytest.fixture
def package(tmp_path: Path) -> Iterator[types.ModuleType]:
    made = types.ModuleType("verbs")
    made.__path__ = [str(tmp_path)]
    sys.modules["verbs"] = made
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "verbs"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "module",
    [
        "",
        "greet = print",
        "from bot.command import command\n@command('wave', examples=[])\ndef wave(ctx): 'x'\ngreet = wave",
    ],
)
def test_a_module_without_its_verb_is_found_at_the_start(
    package: types.ModuleType, tmp_path: Path, module: str
) -> None:
    (tmp_path / "greet.py").write_text(module)
    with pytest.raises(TypeError, match=r"verbs/greet.py holds no command 'greet'"):
        discover(package)


def pod(name: str) -> str:
    container = f"{{name: a, image: acme/{name}:v1}}"
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{container}]}}\n"


@pytest.fixture
def context() -> Context:
    git = Git(
        {
            f"{environment}/{service}/pod.yaml": pod(service)
            for environment, service in (("staging", "Payment"), ("staging", "api"), ("production", "Payment"))
        }
    )
    catalog = Catalog(
        {"config": Repository("config", "/srv/config")},
        {
            "staging": Environment("staging", ("staging/{service}",), "config", aliases=("Stage", "test")),
            "production": Environment("production", ("production/{service}",), "config", aliases=("prod",)),
        },
        {"Payment": Service("Payment", aliases=("PAY",)), "gone": Service("gone", aliases=("g",))},
    )
    survey = Survey(git, Renderer(), Clusters(), Synced(), Engines())
    message = Message("m", "", Actor("U1", "ana"), Place(), NOW)
    return Context(catalog, git, survey, message, NOW, Registry({}))


def test_names_and_aliases_are_known_in_any_case(context: Context) -> None:
    assert context.vocabulary.environments == {
        "staging": "staging",
        "stage": "staging",
        "test": "staging",
        "production": "production",
        "prod": "production",
    }
    services = context.vocabulary.services()
    assert {word: services.get(word) for word in ("payment", "api", "pay", "gone", "g")} == {
        "payment": "Payment",
        "api": "api",
        "pay": "Payment",
        "gone": None,
        "g": None,
    }


@pytest.mark.parametrize(
    ("service", "environment", "found"),
    [
        (None, None, ["Payment in staging", "api in staging", "Payment in production"]),
        ("Payment", None, ["Payment in staging", "Payment in production"]),
        (None, "staging", ["Payment in staging", "api in staging"]),
        ("api", "production", []),
    ],
)
def test_targets_are_narrowed_down(
    context: Context, service: str | None, environment: str | None, found: list[str]
) -> None:
    assert list(map(str, context.targets(service, environment))) == found


def test_a_target_that_is_not_there_says_where_it_is(context: Context) -> None:
    assert str(context.target("api", "staging")) == "api in staging"
    for service, elsewhere in (("api", "staging"), ("ghost", "nowhere")):
        with pytest.raises(Refusal) as refused:
            context.target(service, "production")
        assert str(refused.value) == (
            f"{service} is not in production; it is in {elsewhere}. Add its folder there first."
        )


def test_environment_names_are_annotations_too() -> None:
    assert REGISTRY.commands["status"].parameters == {"service": ServiceName, "environment": EnvironmentName}
