"""From a message to its answer: what is asked, judged, done and kept, in that order."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from memory import pull
from workbench import ANA, BEN, ENVIRONMENTS, EVE, RULES, Bench, path, pod

from bot import proposals
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Delivery, Environment
from bot.model.change import Comparison
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.request import Actor, Message
from bot.model.rules import Role, Rules

SERVICES = ("api", "payment")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def untouched(bench: Bench) -> bool:
    """Whether nothing was written anywhere."""
    return list(bench.git.branches) == ["main"] and bench.git.pushes == 0 and bench.forge.asked == []


def said(reply: Reply) -> tuple[Section, ...]:
    """What a reply says besides its steps."""
    return tuple(section for section in reply.sections if section.layout is not Layout.STEPS)


def test_a_push_is_done_at_once(bench: Bench) -> None:
    reply = bench.say("promote payment v1.1.0 to staging")
    assert replace(reply, sections=()) == Reply(
        Outcome.COMMITTED,
        f"Promoted payment in staging: v1.0.0 → v1.1.0, in commit {bench.git.newest[:10]}.",
        commit=bench.git.newest,
    )
    assert bench.audit.kept == [("ana", "promote", "payment in staging", "committed")]


def test_a_pull_request_is_opened_and_what_follows_is_done_after_the_answer(bench: Bench) -> None:
    answer = bench.hear(bench.message("promote payment v1.1.0 to prod"))
    assert answer.reply.outcome is Outcome.OPENED
    assert bench.forge.asked == ["open quarterdeck/promote/production/payment/v1.1.0"]
    assert answer.afterwards() is None
    assert bench.forge.asked[1:] == ["edit 1", "label quarterdeck env/production", "review ben"]


def test_what_failed_after_the_answer_is_a_warning(bench: Bench) -> None:
    bench.forge.rejected = ("label", "review")
    answer = bench.hear(bench.message("promote payment v1.1.0 to prod"))
    assert answer.reply.outcome is Outcome.OPENED
    warning = answer.afterwards()
    assert warning == Reply(
        Outcome.ANSWERED,
        "Pull request #1 is open, but without labels: GitHub is away. "
        "Pull request #1 is open, but without review by ben: GitHub is away.",
    )


@pytest.mark.parametrize("text", ["promote payment v1.1.0 to staging", "promote payment v1.1.0 to prod"])
@pytest.mark.parametrize("by", [ANA, EVE])
def test_a_dry_run_shows_and_does_nothing_whoever_asks(bench: Bench, text: str, by: Actor) -> None:
    reply = bench.say(text, by, dry_run=True, yes=True)
    assert reply.outcome is Outcome.PLANNED
    assert reply.text.endswith("Nothing was done.")
    assert "+    image: acme/payment:v1.1.0" in reply.sections[-1].text
    assert reply.sections[-1].layout is Layout.CODE
    assert untouched(bench)
    assert bench.audit.kept == []


@pytest.mark.parametrize(
    ("by", "text", "why"),
    [
        (EVE, "promote payment v1.1.0 to staging", "eve is not listed under people"),
        (BEN, "promote payment v1.1.0 to prod", "ben holds tester, which may not promote in production."),
        (BEN, "rollback payment in staging", "ben holds tester, which may not rollback in staging."),
    ],
)
def test_permission_is_judged_before_anything_is_done_and_kept(bench: Bench, by: Actor, text: str, why: str) -> None:
    bench.put("staging", "v1.0.5")
    reply = bench.say(text, by, yes=True)
    assert (reply.outcome, reply.private) == (Outcome.REFUSED, True)
    assert reply.text.startswith(why)
    assert untouched(bench)
    assert bench.confirmations.asked == {}, "who may not do it isn't asked either"
    assert [entry[0] for entry in bench.audit.kept] == [by.name]
    assert bench.audit.kept[0][3] == "refused"


def test_reading_is_open_to_everybody(bench: Bench) -> None:
    for text in ("status", "history payment", "help", "drift"):
        assert bench.say(text, EVE).outcome is Outcome.ANSWERED


def test_at_a_terminal_the_holder_of_the_token_may_where_the_config_lists_nobody() -> None:
    bench = Bench(rules=Rules())
    assert bench.say("promote payment v1.1.0 to staging", Actor("terminal", "root")).outcome is Outcome.COMMITTED
    assert bench.say("promote payment v1.2.0 to staging", ANA).outcome is Outcome.REFUSED


def test_a_confirmed_question_is_done_once(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    assert question.outcome is Outcome.CONFIRM
    assert untouched(bench)
    done = bench.press(question)
    assert (done.outcome, bench.version("staging")) == (Outcome.COMMITTED, "v0.9.0")
    again = bench.press(question)
    bench.restart()
    assert again == bench.press(question)
    assert again == Reply(
        Outcome.REFUSED,
        "That question was answered already, or is older than 15 minutes; say the command again.",
        private=True,
    )
    assert bench.git.pushes == 1


def test_of_two_presses_at_once_the_second_is_told_that_it_was_answered(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    late: list[Reply] = []
    second = Thread(target=lambda: late.append(bench.press(question, by=BEN)))

    def meanwhile() -> None:
        second.start()
        second.join(0.2)

    bench.git.races.append(meanwhile)
    assert bench.press(question).outcome is Outcome.COMMITTED
    second.join(5)
    assert [reply.outcome for reply in late] == [Outcome.REFUSED]
    assert bench.git.pushes == 1


def test_yes_in_advance_needs_no_question(bench: Bench) -> None:
    assert bench.say("promote payment v0.9.0 to staging", yes=True).outcome is Outcome.COMMITTED
    assert bench.confirmations.asked == {}


@pytest.mark.parametrize("by", [EVE, replace(BEN, id="U-nobody")])
def test_a_press_by_someone_who_may_not_leaves_the_question_open(bench: Bench, by: Actor) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    assert bench.press(question, by=by).outcome is Outcome.REFUSED
    assert untouched(bench)
    assert bench.press(question, by=BEN).outcome is Outcome.COMMITTED
    assert bench.audit.kept[-1][0] == "ben", "it is done in the name of who pressed"
    message = bench.git.commits[bench.git.newest].message
    assert "Requested-by: ben" in message


def test_a_cancelled_question_is_dead(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    assert bench.press(question, "cancel") == Reply(Outcome.ANSWERED, "Cancelled by ana; nothing was done.")
    assert bench.press(question).outcome is Outcome.REFUSED
    assert untouched(bench)


@pytest.mark.parametrize(
    ("minutes", "outcome"), [(14, Outcome.COMMITTED), (15, Outcome.REFUSED), (60 * 24, Outcome.REFUSED)]
)
def test_a_question_expires(bench: Bench, minutes: int, outcome: Outcome) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    bench.passes(timedelta(minutes=minutes))
    assert bench.press(question).outcome is outcome


def test_a_change_meanwhile_asks_again_and_shows_what_would_be_done_now(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    bench.git.write({path("staging"): pod("v1.0.0").replace("shop", "store")})
    again = bench.press(question)
    assert again.outcome is Outcome.CONFIRM
    assert again.sections[0] == Section("The repository has changed since the question was asked, so here it is again.")
    assert untouched(bench)
    assert bench.press(question).outcome is Outcome.REFUSED, "the first question is settled"
    assert bench.press(again).outcome is Outcome.COMMITTED


def test_a_change_of_other_files_meanwhile_does_not(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    bench.git.write({"README.md": "x"})
    assert bench.press(question).outcome is Outcome.COMMITTED


def test_a_failure_keeps_the_question(bench: Bench) -> None:
    bench.put("production", "v1.5.0")
    question = bench.say("promote payment v0.9.0 to prod")
    bench.forge.rejected = ("open",)
    assert bench.press(question).outcome is Outcome.FAILED
    bench.forge.rejected = ()
    assert bench.press(question).outcome is Outcome.OPENED


def test_what_became_true_meanwhile_settles_the_question(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    bench.put("staging", "v0.9.0")
    assert bench.press(question).outcome is Outcome.UNCHANGED
    assert bench.press(question).outcome is Outcome.REFUSED


@pytest.mark.parametrize("text", ["promote payment v1.1.0 to staging", "rollback payment in staging"])
def test_a_resumed_message_finds_its_commit_and_is_not_run_twice(bench: Bench, text: str) -> None:
    bench.put("staging", "v1.0.5")
    message = bench.message(text)
    done = bench.conversation.hear(message, yes=True).reply
    assert done.outcome is Outcome.COMMITTED
    bench.put("staging", "v7.0.0")
    resumed = bench.hear(replace(message, resumed=True)).reply
    assert replace(resumed, sections=()) == Reply(
        Outcome.COMMITTED, f"Done for payment in staging, in commit {done.commit[:10]}.", commit=done.commit
    )
    assert (bench.version("staging"), bench.git.pushes) == ("v7.0.0", 1)


def test_a_resumed_message_that_was_not_begun_is_run(bench: Bench) -> None:
    assert bench.hear(replace(bench.message("promote payment v1.1.0 to staging"), resumed=True)).reply.commit
    assert bench.git.pushes == 1


def test_a_resumed_message_adopts_its_pull_request(bench: Bench) -> None:
    message = bench.message("promote payment v1.1.0 to prod")
    bench.hear(message)
    assert bench.hear(replace(message, resumed=True)).reply.outcome is Outcome.ADOPTED
    assert len(bench.forge.open_pulls) == 1


def test_a_resumed_press_finds_the_commit_of_the_command_that_it_confirmed(bench: Bench) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    asked = next(message for message, *_ in bench.confirmations.asked.values())
    pressed = replace(bench.message(""), press=_press(question))
    done = bench.hear(pressed).reply  # and the process died before it did what comes after the answer
    change = proposals.change_id(asked)
    assert f"Quarterdeck-Change: {change}" in bench.git.commits[done.commit or ""].message
    bench.passes(timedelta(days=1))
    bench.restart()
    assert (
        bench.hear(replace(pressed, resumed=True)).reply.text
        == f"Done for payment in staging, in commit {(done.commit or '')[:10]}."
    )
    assert bench.git.pushes == 1


def test_a_resumed_rollback_does_not_go_further_back_than_the_pull_request_that_it_had_closed(bench: Bench) -> None:
    bench.put("production", "v1.1.0", message="Promote\n\nQuarterdeck-Change: 1")
    bench.say("promote payment v1.2.0 to prod")
    message = bench.message("rollback payment in prod")
    assert bench.hear(message).reply.outcome is Outcome.WITHDRAWN
    resumed = bench.hear(replace(message, resumed=True)).reply
    assert resumed.outcome is Outcome.CONFIRM
    assert "I was restarted while I worked on this" in resumed.text
    assert bench.forge.open_pulls == []
    assert bench.press(resumed).outcome is Outcome.OPENED, "it may be what is wanted all the same"


def test_a_resumed_rollback_of_a_pull_request_does_the_rest_of_it() -> None:
    """Killed after the first of two pushes, it must not take that one's commit for all of it."""
    qa = Environment("qa", ("qa/{service}",), "config", "qa", delivery=Delivery.PUSH)
    places = {"staging": ENVIRONMENTS["staging"], "qa": qa}
    both = Bench({path(each): pod("v1.0.0") for each in places}, places)
    both.forge.compared = Comparison("https://github.example/compare", (), 0)
    squashed = both.git.write({path(each): pod("v1.1.0") for each in places}, "Move both (#7)")
    merged = replace(pull("feature", number=7, ours=False), state="merged", merged_as=squashed)
    both.forge.closed_pulls.append(merged)

    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    both.git.races = [lambda: None, kill]
    message = both.message("rollback pr 7")
    with pytest.raises(Killed):
        both.conversation.hear(message, yes=True)
    assert [both.version(each) for each in ("staging", "qa")] == ["v1.0.0", "v1.1.0"]
    assert both.conversation.hear(replace(message, resumed=True), yes=True).reply.outcome is Outcome.COMMITTED
    assert [both.version(each) for each in ("staging", "qa")] == ["v1.0.0", "v1.0.0"]


def test_a_yes_to_closing_a_pull_request_is_none_to_a_rollback(bench: Bench) -> None:
    bench = Bench(files={path(where, name): pod("v1.0.0", name) for where in ENVIRONMENTS for name in SERVICES})
    for name in SERVICES:
        bench.put("production", "v1.1.0", name, message="Promote\n\nQuarterdeck-Change: 1")
        bench.put("staging", "v1.2.0", name)
        bench.runs("staging", "v1.2.0", name)
    bench.say("promote all from staging to prod")
    question = bench.say("rollback payment in prod")
    assert question.text.startswith("Pull request #1 would be closed.")
    bench.forge.close("config", 1)
    again = bench.press(question)
    assert (again.outcome, again.text) == (Outcome.CONFIRM, "payment in production: v1.1.0 → v1.0.0. Go on?")
    assert bench.forge.open_pulls == []
    assert bench.press(again).outcome is Outcome.OPENED


@pytest.mark.parametrize("text", ["promote payment v1.1.0 to staging", "rollback payment in staging"])
def test_who_may_not_move_production_may_not_by_files_of_staging(text: str) -> None:
    """Production builds on staging's folder, so what is edited there moves both."""
    entry = "resources: [pod.yaml]\nimages:\n- name: acme/payment\n  newTag: {}\n"
    bench = Bench(
        files={
            "staging/payment/kustomization.yaml": entry.format("v1.0.0"),
            path("staging"): pod("v0"),
            "production/payment/kustomization.yaml": "resources: [../../staging/payment]\n",
        },
        rules=Rules(RULES.people, RULES.roles | {"tester": Role("tester", ("promote", "rollback"), ("staging",))}),
    )
    if text.startswith("rollback"):
        bench.git.write({"staging/payment/kustomization.yaml": entry.format("v1.0.5")})
    before = bench.git.newest
    refused = bench.say(text, by=BEN, yes=True)
    assert refused.outcome is Outcome.REFUSED
    assert f"ben holds tester, which may not {text.split(maxsplit=1)[0]} in production." in refused.text
    assert bench.git.newest == before
    assert bench.say(text, yes=True).outcome is Outcome.COMMITTED, "ana may, in both"


def _press(question: Reply):  # type: ignore[no-untyped-def]  # a Press
    from bot.model.request import Press  # noqa: PLC0415 - for one test

    return Press("confirm", question.choices[0].value, "1.3")


@pytest.mark.parametrize("made_up", ["", "2", "../../etc", "1' OR '1'='1"])
def test_a_confirmation_that_nobody_was_asked_for_does_nothing(bench: Bench, made_up: str) -> None:
    question = bench.say("promote payment v0.9.0 to staging")
    forged = replace(question, choices=(replace(question.choices[0], value=made_up),))
    assert bench.press(forged).outcome is Outcome.REFUSED
    assert untouched(bench)


@pytest.mark.parametrize(
    ("text", "outcome", "private"),
    [
        ("promote payment v1.1.0 to staging yes", Outcome.MISUNDERSTOOD, True),
        ("promote ghost v1.1.0 to staging", Outcome.MISUNDERSTOOD, True),
        ("rollback payment in prod", Outcome.REFUSED, True),
        ("", Outcome.MISUNDERSTOOD, True),
    ],
)
def test_what_cannot_be_done_is_said_to_the_asker_alone(
    bench: Bench, text: str, outcome: Outcome, private: bool
) -> None:
    reply = bench.say(text)
    assert (reply.outcome, reply.private) == (outcome, private)
    assert untouched(bench)


def test_a_misunderstanding_points_at_the_word(bench: Bench) -> None:
    assert bench.say("promote paymnt v1.1.0\nto staging") == Reply(
        Outcome.MISUNDERSTOOD,
        "There is no service paymnt. Did you mean payment?",
        (Section("promote paymnt v1.1.0\n        ^^^^^^", Layout.CODE),),
        private=True,
    )
    pointed = bench.say("promote payment v1.1.0\nto stagin").sections
    assert pointed == (Section("to stagin\n   ^^^^^^", Layout.CODE),), "the line that the word stands on"


def test_the_world_against_it_is_a_reply_to_all(bench: Bench) -> None:
    def away(message: Message) -> None:
        raise Unavailable("The repository config can't be reached.")

    conversation = replace(bench.conversation, look=away)  # type: ignore[arg-type]  # it never returns
    reply = conversation.hear(bench.message("status")).reply
    assert reply == Reply(Outcome.FAILED, "The repository config can't be reached.")


def test_every_attempt_to_change_something_is_kept(bench: Bench) -> None:
    bench.say("promote payment v1.1.0 to prod")
    bench.say("promote payment v1.1.0 to prod")
    bench.say("promote payment v1.2.0 to prod")
    bench.say("status")
    assert [entry[3] for entry in bench.audit.kept] == ["opened", "adopted", "opened"]


def test_row_107_a_newer_version_takes_the_place_of_the_older_pull_request(bench: Bench) -> None:
    bench.say("promote payment v1.1.0 to prod")
    reply = bench.say("promote payment v1.2.0 to prod")
    assert (reply.outcome, said(reply)) == (Outcome.OPENED, (Section("It takes the place of #1."),))
    assert [each.number for each in bench.forge.open_pulls] == [2]
    assert bench.forge.asked[-3:] == [
        "open quarterdeck/promote/production/payment/v1.2.0",
        "comment 1 #2 takes the place of this pull request.",
        "close 1",
    ]


def test_an_attempt_that_the_world_stood_against_is_kept_too(bench: Bench) -> None:
    bench.forge.rejected = ("open",)
    assert bench.say("promote payment v1.1.0 to prod").outcome is Outcome.FAILED
    assert bench.audit.kept == [("ana", "promote", "payment in production", "failed")]


def test_a_change_that_the_audit_could_not_keep_is_said_to_be_done(bench: Bench) -> None:
    bench.audit.full = True
    reply = bench.say("promote payment v1.1.0 to staging")
    assert (reply.outcome, reply.commit) == (Outcome.COMMITTED, bench.git.newest)
    assert said(reply) == (Section("The audit does not hold this: The store is full."),)


def test_the_config_knows_a_chats_person_on_github() -> None:
    bench = Bench()
    reply = bench.say("promote payment v2.0.0 to staging", replace(ANA, name="Ana Ulm", github=None))
    assert reply.commit is not None
    assert "\nRequested-by: ana" in bench.git.commits[reply.commit].message


def test_asking_again_brings_the_text_of_the_open_pull_request_up_to_date(bench: Bench) -> None:
    bench.hear(bench.message("promote payment v1.1.0 to prod")).afterwards()
    (first,) = bench.forge.open_pulls
    assert "- Now in production: v1.0.0 in Git" in first.body
    bench.runs("production", "v1.0.0")
    bench.forge.asked.clear()
    answer = bench.hear(bench.message("promote payment v1.1.0 to prod"))
    assert answer.reply.outcome is Outcome.ADOPTED
    answer.afterwards()
    (again,) = bench.forge.open_pulls
    assert "- Now in production: v1.0.0, synced, healthy." in again.body
    assert bench.forge.asked == ["edit 1", "label quarterdeck env/production", "review ben"]


def test_what_stands_beside_a_version_is_not_shown_in_the_chat() -> None:
    """A channel may be wider than those who may read the repository."""
    beside = pod("v1.0.0") + "    env:\n    - {name: DB_PASSWORD, value: hunter2}\n"
    reply = Bench(files={path("staging"): beside}).say("promote payment v0.9.0 to staging")
    assert reply.outcome is Outcome.CONFIRM
    assert "-    image: acme/payment:v1.0.0\n+    image: acme/payment:v0.9.0" in reply.sections[-1].text
    assert "hunter2" not in reply.sections[-1].text


ITSELF = Actor("quarterdeck", "Quarterdeck")


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_what_the_config_asks_for_is_done_without_a_role_and_kept(bench: Bench, environment: str) -> None:
    bench.put(environment, "v2.0.0", message="Promote\n\nQuarterdeck-Change: 1")
    message = bench.message(f"rollback payment in {environment} from v2.0.0 to v1.0.0", ITSELF)
    answer = bench.conversation.carry_out(message)
    done = {"staging": Outcome.COMMITTED, "production": Outcome.OPENED}[environment]
    assert answer.reply.outcome is done
    assert bench.audit.kept == [("Quarterdeck", "rollback", f"payment in {environment}", str(done))]
    again = bench.conversation.carry_out(message)
    assert again.reply.outcome is {"staging": Outcome.COMMITTED, "production": Outcome.ADOPTED}[environment]
    assert bench.git.pushes == (environment == "staging")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "rollback payment in staging from v2.0.0 to v1.0.0",
            "somebody would have to confirm it: v2.0.0 in staging was set by Ana (",
        ),
        ("rollback payment in staging from v3.0.0", "payment in staging is at v2.0.0 by now and not v3.0.0"),
        ("promote payment v0.1.0 to staging", ""),
        ("rollback paiment", "There is no service paiment. Did you mean payment?"),
    ],
)
def test_what_a_person_would_be_asked_about_is_not_done_by_itself(bench: Bench, text: str, why: str) -> None:
    bench.put("staging", "v2.0.0")
    with pytest.raises(Refusal) as refused:
        bench.conversation.carry_out(bench.message(text, ITSELF))
    assert str(refused.value).startswith(why)
    assert untouched(bench)
