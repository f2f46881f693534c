"""What a course of checks makes of an episode, told as transcripts: what each check saw, and what came of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.drift.episodes import Event, Step, dated, follow, identity, undeclared
from bot.model.catalog import Target
from bot.model.episode import Episode
from bot.model.rules import Mute
from bot.model.sync import Deployed, Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState

KEY = b"k" * 32
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TARGET = Target("payment", "production", "config", ("environments/production/payment",), "production")
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "shop", "payment")
CONFIG = ObjectRef("v1", "ConfigMap", "shop", "payment")
KINDS = {
    "replicas": Difference(DEPLOYMENT, Kind.DRIFT, "spec.replicas", "2", "5", Severity.MEDIUM),
    "image": Difference(DEPLOYMENT, Kind.DRIFT, "spec.image", "v1", "v2", Severity.HIGH),
    "label": Difference(DEPLOYMENT, Kind.LEFTOVER, "metadata.labels.x", None, "y", Severity.LOW),
    "note": Difference(DEPLOYMENT, Kind.UNDECLARED, "metadata.annotations.x", None, "y", Severity.INFO),
    "pending": Difference(DEPLOYMENT, Kind.PENDING, "spec.replicas", "3", "2", Severity.INFO),
    "data": Difference(CONFIG, Kind.DRIFT, "data.mode", "a", "b", Severity.MEDIUM),
    "yaml": Difference(CONFIG, Kind.CONFIG_ERROR, "data.a", "must be text", None, Severity.MEDIUM),
}


def sighting(seen: str) -> Sighting:
    """`replicas=7 data busy`: what a check sees; `down`: nothing at all; `ConfigMap-down`: not the ConfigMap."""
    words = seen.split()
    found = []
    for word in words:
        name, _, value = word.partition("=")
        if name in KINDS:
            found.append(replace(KINDS[name], live=value or KINDS[name].live))
    unread = {}
    if "down" in words:
        unread = {DEPLOYMENT: "production answered 503", CONFIG: "production answered 503"}
    elif "ConfigMap-down" in words:
        unread = {CONFIG: "production refuses"}
    drifted = any(each.kind not in {Kind.PENDING, Kind.CONFIG_ERROR} and each.severity != "info" for each in found)
    wrong = any(each.kind is Kind.CONFIG_ERROR for each in found) or "broken" in words
    sync = SyncState.DRIFTED if drifted else SyncState.UNKNOWN if unread or wrong else SyncState.SYNCED
    sync = SyncState.PENDING if drifted and "busy" in words else sync
    if "rewritten" in words or "partly" in words:
        sync = SyncState.UNKNOWN
    if "partly" in words:
        found.append(Difference(CONFIG, Kind.UNKNOWN, "data.mode", None, None, Severity.INFO))
    engine = (
        Deployed("argocd", "production", DEPLOYMENT, "f", busy="Argo CD is syncing it") if "busy" in words else None
    )
    why = "payment.yaml:3: mapping values are not allowed here" if "broken" in words else ""
    return Sighting(TARGET, "abc", "v1", "v1", sync, Health.HEALTHY, why, tuple(found), engine, unread)


def clock(time: str) -> datetime:
    """`9:05`, or `1d 9:05` a day later."""
    days = int(time.partition("d")[0]) if "d" in time else 0
    hours, minutes = time.rpartition(" ")[2].split(":")
    return NINE.replace(hour=int(hours), minute=int(minutes)) + timedelta(days=days)


def told(step: Step) -> str:
    """`changed (again data)`: the events, and what they are about."""
    about = [
        f"{word} {each.path.rpartition('.')[2]}"
        for word, several in (("new", step.new), ("again", step.again), ("changed", step.changed), ("gone", step.gone))
        for each in several
    ]
    shown = f" ({', '.join(about)})" if about and step.events and step.events[0] is not Event.OPENED else ""
    return " + ".join(step.events) + shown


def play(course: str) -> tuple[Episode | None, list[str], list[str]]:
    """Run a transcript; what it expects of each check, and what came."""
    known: Episode | None = None
    mute: Mute | None = None
    expected, came = [], []
    for line in filter(None, map(str.strip, course.splitlines())):
        before, _, wanted = line.partition("->")
        time, _, seen = (part.strip() for part in before.partition("|"))
        now = clock(time)
        if seen.startswith("muted until"):
            mute = Mute("production", "payment", clock(seen.removeprefix("muted until ")), "ana", "testing", now)
            continue
        if seen == "unmuted":
            mute = None
            continue
        if seen.strip() == "not in Git":
            assert known
            step = undeclared(known, now)
        else:
            step = follow(known, sighting(seen), mute, now, KEY)
        mute = None if step.unmute else mute
        known = step.episode
        if known and step.events and not known.message:
            known = replace(known, message="m1")
        expected.append(f"{time}: {wanted.strip()}")
        came.append(f"{time}: {told(step)}")
    return known, expected, came


COURSES = {
    "a clock that was a day ahead keeps nothing back for a day": """
        1d 9:00 | image          -> opened
        1d 9:05 |                ->
        1d 9:10 |                -> healed (gone image)
        1d 9:15 | image          -> again (again image)
        1d 9:20 | image=v3       -> changed (changed image)
        1d 9:25 | image          -> restless
        9:30 | image             ->
        10:35 | image            -> settled
    """,
    "two sightings open, two clean checks heal": """
        9:00 | replicas          ->
        9:05 | replicas          -> opened
        9:10 | replicas          ->
        9:40 |                   ->
        9:45 |                   -> healed (gone replicas)
        9:50 |                   ->
    """,
    "what is gone at the next check was nothing": """
        9:00 | replicas          ->
        9:05 |                   ->
        9:10 | replicas          ->
        9:15 |                   ->
    """,
    "high severity opens at once, and so does what else there is with it": """
        9:00 | image replicas    -> opened
        9:05 | image replicas    ->
    """,
    "high severity that comes later brings along what else there is": """
        9:00 | replicas              ->
        9:05 | replicas              -> opened
        9:10 | replicas image data   -> changed (new image, new mode)
        9:15 | replicas image data   ->
    """,
    "information and what is pending never open": """
        9:00 | note pending      ->
        9:05 | note pending      ->
        9:10 | note pending      ->
    """,
    "a check that could not look is neither": """
        9:00 | replicas          ->
        9:05 | down              ->
        9:10 | replicas          -> opened
        9:15 |                   ->
        9:20 | down              ->
        9:25 |                   -> healed (gone replicas)
    """,
    "what could not be read is not gone": """
        9:00 | replicas data           ->
        9:05 | replicas data           -> opened
        9:10 | replicas ConfigMap-down ->
        9:15 | replicas ConfigMap-down ->
        9:20 | ConfigMap-down          ->
        9:25 | ConfigMap-down          -> changed (gone replicas)
        9:30 |                         ->
        9:35 |                         -> healed (gone mode)
    """,
    "row-126: an engine at work holds for one check, and no longer": """
        9:00 | replicas          ->
        9:05 | replicas busy     ->
        9:10 | replicas busy     -> opened
        9:15 |                   ->
        9:20 | busy              ->
        9:25 |                   -> healed (gone replicas)
        9:30 | image busy        ->
        9:35 | image             -> again (new image)
        9:40 | image busy        ->
        9:45 | image busy        ->
        9:50 | image busy        ->
        9:55 | image             ->
    """,
    "changes are told one by one, after two sightings": """
        9:00 | replicas          ->
        9:05 | replicas          -> opened
        9:10 | replicas data     ->
        9:15 | replicas data     -> changed (new mode)
        9:20 | replicas=7 data   -> changed (changed replicas)
        9:25 | replicas=7 image  -> changed (new image)
        9:30 | image             -> changed (gone mode)
        9:35 | image             -> changed (gone replicas)
        9:40 |                   ->
        9:45 |                   -> healed (gone image)
    """,
    "one missed check in between is no news": """
        9:00 | replicas data     ->
        9:05 | replicas data     -> opened
        9:10 | replicas          ->
        9:15 | replicas data     ->
    """,
    "what comes back is the same episode, and a fourth time it is too much": """
        9:00  | image            -> opened
        9:05  |                  ->
        9:10  |                  -> healed (gone image)
        9:15  | image            -> again (again image)
        9:20  |                  ->
        9:25  |                  -> healed (gone image)
        9:30  | image            -> again (again image)
        9:35  |                  ->
        9:40  |                  -> healed (gone image)
        9:45  | image            -> restless
        9:50  |                  ->
        9:55  |                  ->
        10:00 | image            ->
        10:05 | image replicas   ->
        10:10 | image replicas   -> changed (new replicas)
        10:15 |                  ->
        10:20 |                  ->
        11:15 |                  ->
        11:20 |                  -> healed
        11:25 |                  ->
        12:30 | image            -> opened
    """,
    "what comes and goes and then stays": """
        9:00  | image=1          -> opened
        9:05  | image=2          -> changed (changed image)
        9:10  | image=3          -> changed (changed image)
        9:15  | image=4          -> restless
        9:20  | image=5          ->
        10:15 | image=5          ->
        10:20 | image=5          -> settled
        10:25 | image=6          -> changed (changed image)
    """,
    "what comes back after a while is a new episode": """
        9:00  | image            -> opened
        9:05  |                  ->
        9:10  |                  -> healed (gone image)
        10:05 |                  ->
        10:15 | image            -> opened
    """,
    "reminders back off, and those missed count as one": """
        9:00    | image          -> opened
        1d 8:59 | image          ->
        1d 9:00 | image          -> reminded
        1d 9:05 | image          ->
        3d 9:00 | image          -> reminded
        9d 9:00 | image          -> reminded
        20d 9:00 | image         ->
    """,
    "reminders missed count as one": """
        9:00    | image          -> opened
        5d 9:00 | image          -> reminded
        5d 9:05 | image          ->
        7d 9:00 | image          -> reminded
    """,
    "while muted nothing is said, and it runs out": """
        9:00  | replicas label   ->
        9:05  | replicas label   -> opened
        9:07  | muted until 10:00
        9:10  | replicas=9       ->
        9:15  | replicas=9       ->
        9:55  | replicas=9       ->
        10:00 | replicas=9       -> unmuted
        10:05 | replicas=9       ->
    """,
    "what heals while it is muted does so silently": """
        9:00  | image            -> opened
        9:07  | muted until 10:00
        9:10  |                  ->
        9:15  |                  ->
        10:05 |                  ->
    """,
    "a mute ends when it gets worse": """
        9:00  | replicas         ->
        9:05  | replicas         -> opened
        9:07  | muted until 12:00
        9:10  | replicas label   ->
        9:15  | replicas label   ->
        9:20  | replicas data    ->
        9:25  | replicas data    -> worse + changed (new mode, gone x)
        9:30  | replicas data    ->
    """,
    "high severity ends a mute at once": """
        9:00  | replicas         ->
        9:05  | replicas         -> opened
        9:07  | muted until 12:00
        9:10  | replicas image   -> worse + changed (new image)
    """,
    "a mute before there is anything is for what comes first": """
        9:00  | muted until 12:00
        9:05  | image replicas   ->
        9:10  | image replicas   ->
        9:15  | image data       ->
        9:20  | image data       -> opened + worse
        9:25  | image data       ->
    """,
    "a mute before there is anything that runs out": """
        9:00  | muted until 12:00
        9:05  | image            ->
        9:10  | image            ->
        12:00 | image            -> opened + unmuted
        12:05 | image            ->
    """,
    "a mute taken back": """
        9:00  | muted until 12:00
        9:05  | image            ->
        9:07  | unmuted
        9:10  | image            -> opened
    """,
    "a target that leaves Git": """
        9:00  | image            -> opened
        9:05  | not in Git       -> undeclared
    """,
    "a suspicion that leaves Git": """
        9:00  | replicas         ->
        9:05  | not in Git       ->
    """,
    "what can't be compared hides itself, and nothing else": """
        9:00 | replicas data     ->
        9:05 | replicas data     -> opened
        9:10 | partly            ->
        9:15 | partly            -> changed (gone replicas)
        9:20 | data              ->
    """,
    "an engine that deploys something else leaves all undecided": """
        9:00 | replicas          ->
        9:05 | replicas          -> opened
        9:10 | data rewritten    ->
        9:15 | data rewritten    ->
        9:20 | replicas          ->
    """,
    "a file of its own that is broken": """
        9:00  | replicas         ->
        9:05  | replicas         -> opened
        9:10  | broken           ->
        9:15  | broken           -> changed (new )
        9:20  | replicas         ->
        9:25  | replicas         -> changed (gone )
    """,
}


CHECKS = st.lists(
    st.sampled_from(["", "replicas", "replicas data", "replicas=9 data", "image", "down", "busy", "ConfigMap-down"]),
    max_size=30,
)


@settings(max_examples=50)
@given(CHECKS, st.sampled_from(["", "replicas data", "image", "note", "busy image", "down"]))
def test_what_stays_as_it_is_is_told_once_and_needs_no_write(course: list[str], last: str) -> None:
    known, now = None, NINE
    for seen in [*course, *[last] * 3]:
        known, now = follow(known, sighting(seen), None, now, KEY).episode, now + timedelta(minutes=5)
        known = replace(known, message="m1") if known and known.told else known
    step = follow(known, sighting(last), None, now, KEY)
    reminded = {Event.REMINDED, Event.SETTLED, Event.HEALED} if known and known.restless else set()
    assert set(step.events) <= reminded
    if not (known and (known.restless or known.returns or known.healed)):
        assert step.episode == known


@settings(max_examples=50)
@given(CHECKS)
def test_a_finding_is_told_as_gone_before_it_is_told_again(course: list[str]) -> None:
    known, now = None, NINE
    there: set[str] = set()
    for seen in course:
        step = follow(known, sighting(seen), None, now, KEY)
        known, now = step.episode, now + timedelta(minutes=5)
        if known and known.restless:
            return
        came = {f"{each.kind} {each.path}" for each in (*step.new, *step.again)}
        assert not came & there
        there |= came
        gone = {f"{each.kind} {each.path}" for each in step.gone}
        assert gone <= there
        there -= gone
        assert bool(there) == bool(known and known.is_open and any(each.open for each in known.findings))


def test_since_when_is_filled_in_from_the_first_check_that_saw_it() -> None:
    looked = sighting("replicas data")
    known = follow(None, looked, None, NINE, KEY).episode
    assert known
    written = replace(looked.differences[0], since=NINE - timedelta(days=1))
    (found,) = dated([replace(looked, differences=(written, looked.differences[1], KINDS["image"]))], [known], KEY)
    assert [each.since for each in found.differences] == [NINE - timedelta(days=1), NINE, None]
    (elsewhere,) = dated([replace(looked, target=replace(TARGET, environment="staging"))], [known], KEY)
    assert [each.since for each in elsewhere.differences] == [None, None]


def test_a_finding_is_the_same_at_another_version_of_its_api() -> None:
    later = replace(KINDS["replicas"], object=replace(DEPLOYMENT, api_version="apps/v2"), live="9")
    looked = sighting("")
    assert identity(looked, KINDS["replicas"], KEY) == identity(looked, later, KEY)
    assert identity(looked, KINDS["replicas"], KEY) != identity(looked, KINDS["replicas"], b"another")


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_course_of_checks(course: str) -> None:
    _, expected, came = play(course)
    assert came == expected
