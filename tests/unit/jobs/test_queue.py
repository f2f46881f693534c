"""What waits for its gates: it goes once, or is told why it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from workbench import ANA, ENVIRONMENTS, Bench, path, pod

from bot.errors import Gone, Unavailable
from bot.jobs.queue import Departures
from bot.model.promotion import Standing
from bot.model.reply import Outcome, Reply
from bot.model.request import Message, Place
from bot.model.sync import Health
from bot.model.verification import Verification

MINUTE = timedelta(minutes=1)
WORDS = "promote payment v1.1.0 to production"
NAMED = "payment v1.1.0, which was to go to production, no longer waits, and nothing was done."


class Chat:
    """Takes what is posted."""

    def __init__(self) -> None:
        self.posts: list[tuple[Place, Reply, str | None]] = []
        self.trouble: Exception | None = None

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        if self.trouble:
            raise self.trouble
        self.posts.append((place, reply, to))
        return "1.9"


class Line(Bench):
    """Staging soaks v1.1.0 for production, where somebody waits for it; time passes by looks a minute apart."""

    def __post_init__(self) -> None:
        staging = replace(ENVIRONMENTS["staging"], verification=Verification(timedelta()))
        production = replace(ENVIRONMENTS["production"], after="staging", soak=30 * MINUTE, channel="#deploys")
        self.environments = {"staging": staging, "production": production}
        self.files = {path("staging"): pod("v1.1.0"), path("production"): pod("v1.0.0")}
        super().__post_init__()
        self.chat = Chat()
        self.worked: list[Message] = []
        self.runs("staging", "v1.1.0")
        self.healthy(12)

    def healthy(self, minutes: float, health: Health = Health.HEALTHY) -> None:
        self.standings.note([Standing("staging", "payment", "v1.1.0", health, self.time - minutes * MINUTE, self.time)])

    def departures(self) -> Departures:
        say = self.worked.append
        return Departures(self.queue, self.context, say, self.chat, self.audit)  # type: ignore[arg-type]  # stand-ins

    def run(self) -> None:
        self.departures().run(self.time)


@pytest.fixture
def line() -> Line:
    made = Line()
    assert made.say("promote payment to prod when healthy within 1h").outcome is Outcome.DONE
    return made


def test_nothing_is_looked_at_where_nothing_waits() -> None:
    made = Line()
    looks = made.looks
    made.run()
    assert made.looks == looks


def test_it_goes_once_as_soon_as_its_gate_is_open(line: Line) -> None:
    line.run()
    assert line.worked == []
    line.passes(18 * MINUTE)
    line.healthy(30)
    line.run()
    line.run()
    message = Message("Ev1:due", WORDS, ANA, Place("C1", "1.2"), line.time, due=True)
    assert line.worked == line.queue.inbox == [message]
    assert line.queue.waiting() == ()
    assert line.chat.posts == []
    reply = line.hear(message).reply
    assert (reply.outcome, reply.mentions) == (Outcome.OPENED, (ANA.id,))


def test_of_two_processes_one_says_it(line: Line) -> None:
    line.passes(18 * MINUTE)
    line.healthy(30)
    other = line.departures()
    seen = line.queue.waiting()
    line.run()
    assert [other.queue.say(each, each.message) for each in seen] == [False]
    assert len(line.queue.inbox) == 1


def dropped(line: Line) -> str:
    """What the one who asked was told, and that nothing waits and nothing went."""
    line.run()
    line.run()
    ((place, reply, to),) = line.chat.posts
    assert (place, to, reply.mentions) == (Place("C1", "1.2"), ANA.id, (ANA.id,))
    assert (line.queue.waiting(), line.worked) == ((), [])
    assert line.audit.kept[-1] == ("ana", "promote", "payment in production", "withdrawn")
    assert reply.text.startswith(NAMED)
    return reply.text.removeprefix(f"{NAMED} ")


def test_it_expires(line: Line) -> None:
    line.passes(timedelta(hours=1))
    line.healthy(5)
    assert dropped(line) == (
        "The time that it was to wait is over. payment v1.1.0 can't go to production yet: it has been healthy in "
        "staging for 5 minutes of 30; it may at 10:25 UTC."
    )


def test_what_was_taken_back_meanwhile_is_not_told(line: Line) -> None:
    waiting = line.queue.waiting()
    line.queue.known.clear()
    line.queue.waiting = lambda: waiting  # type: ignore[method-assign]  # as another process has it
    line.passes(timedelta(hours=2))
    line.run()
    assert (line.chat.posts, line.worked) == ([], [])


def test_what_is_open_when_it_expires_goes_no_more(line: Line) -> None:
    line.passes(timedelta(hours=2))
    line.healthy(60)
    assert dropped(line) == "The time that it was to wait is over."


def test_the_version_left_the_environment_before(line: Line) -> None:
    line.put("staging", "v1.2.0")
    assert dropped(line) == (
        "payment v1.1.0 can't go to production: it must be healthy in staging first, and Git has v1.2.0 there. "
        "To go back to a version that ran in production, say: rollback payment in production to v1.1.0"
    )


def test_somebody_moved_the_service_meanwhile(line: Line) -> None:
    waiting = line.queue.waiting()[0]
    line.queue.put(replace(waiting, since=line.git.commits[line.git.newest].at))
    line.run()
    assert line.chat.posts == []
    line.put("production", "v1.0.5", author="Ben")
    assert dropped(line).startswith("payment in production was moved to v1.0.5 meanwhile, by Ben,")


def test_the_service_is_gone(line: Line) -> None:
    line.git.write({path("production"): None}, "Remove payment", "Ben")
    line.run()
    ((_, reply, _),) = line.chat.posts
    assert reply.text.startswith(f"{NAMED} payment is not in production; it is in staging.")
    assert line.queue.waiting() == ()


def test_what_can_not_be_told_waits_on(line: Line) -> None:
    line.clusters.down.add("staging")
    line.passes(18 * MINUTE)
    line.healthy(30)
    line.run()
    assert (len(line.queue.waiting()), line.worked, line.chat.posts) == (1, [], [])


@pytest.mark.parametrize(
    ("trouble", "again"),
    [
        (Unavailable("the chat is away"), True),
        (Unavailable("no answer", unsure=True), False),
        (Gone("the channel is archived"), False),
    ],
)
def test_what_the_chat_did_not_take_is_told_by_the_next_round(line: Line, trouble: Exception, again: bool) -> None:
    gone = replace(line.queue.waiting()[0], service="gone")
    line.queue.put(gone)
    line.chat.trouble = trouble
    line.passes(18 * MINUTE)
    line.healthy(30)
    line.run()
    assert [message.text for message in line.worked] == [WORDS]
    assert line.queue.waiting() == ((gone,) if again else ())
    line.chat.trouble = None
    line.run()
    line.run()
    assert (len(line.chat.posts), line.queue.waiting()) == (int(again), ())
    assert [entry[-1] for entry in line.audit.kept].count("withdrawn") == 1


def test_what_was_asked_for_at_a_terminal_is_told_in_the_environments_channel(line: Line) -> None:
    waiting = line.queue.waiting()[0]
    line.queue.put(replace(waiting, message=replace(waiting.message, place=Place())))
    line.passes(18 * MINUTE)
    line.healthy(30)
    line.run()
    assert [message.place for message in line.worked] == [Place("#deploys")]
    line.queue.put(replace(waiting, message=replace(waiting.message, place=Place())))
    line.passes(timedelta(hours=2))
    line.run()
    assert [place for place, _, _ in line.chat.posts] == [Place("#deploys")]
