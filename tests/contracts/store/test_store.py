"""The store's promises, on real files, from threads and from other processes."""

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refusal, Unavailable
from bot.model.catalog import Target
from bot.model.episode import Episode, Finding, Outage, Silence
from bot.model.request import Actor, Message, Place, Press
from bot.model.rules import Mute
from bot.model.secret import Secret
from bot.model.sync import Content, Kind, Severity
from bot.store import messages
from bot.store.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = Actor("U1", "Ana", github="ana")
PAYMENT = Target("payment", "production", "config", ("environments/production/payment",))


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "quarterdeck.db"


@pytest.fixture
def store(file: Path, clock: Clock) -> Iterator[Store]:
    opened = Store.open(url(file), clock)
    yield opened
    opened.close()


def url(file: Path) -> Secret:
    return Secret(f"sqlite:///{file}")


def message(name: str = "m1", text: str = "promote payment v1.3.0 to prod") -> Message:
    return Message(name, text, ANA, Place("C1", "170.1", "https://chat.example.com/p170"), NOON)


OTHER = """
import os, sys
from datetime import UTC, datetime
from bot.model.request import Actor, Message, Place
from bot.model.rules import Mute
from bot.model.secret import Secret
from bot.store.store import Store
print("ready", flush=True)
sys.stdin.readline()
store = Store.open(Secret(sys.argv[1]))
said = Message(f"m{os.getpid()}", "status", Actor("U1", "Ana"), Place(), datetime.now(UTC))
print(store.receive(said), store.fingerprint_key.hex(), flush=True)
sys.stdin.readline()
"""


@contextmanager
def other_process(file: Path) -> Iterator["subprocess.Popen[str]"]:
    """One that opens the store and receives a message when told to, and then lives on until it is killed."""
    command = [sys.executable, "-c", OTHER, url(file).reveal()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def say_go(process: "subprocess.Popen[str]") -> None:
    assert answer(process) == "ready"
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def answer(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


# Inbox


def test_a_message_is_received_once_and_resumed_after_a_restart_until_it_is_finished(file: Path, clock: Clock) -> None:
    pressed = Message("m0", "", ANA, Place("C1"), NOON, press=Press("confirm", "c1", "170.2", "payment: v1 to v2"))
    with closing(Store.open(url(file), clock)) as first:
        assert [first.receive(each) for each in (message("m2"), pressed, message("m2", "other words"))] == [
            True,
            True,
            False,
        ]
        assert first.receive(message("m1"))
        first.finish("m1")
    with closing(Store.open(url(file), clock)) as second:
        waiting = second.unfinished()
        assert [(each.id, each.text, each.resumed) for each in waiting] == [
            ("m2", "promote payment v1.3.0 to prod", True),
            ("m0", "", True),
        ]
        assert waiting[1].press == pressed.press
        assert not second.receive(message("m1"))


def test_what_was_received_outlives_a_kill(file: Path) -> None:
    with other_process(file) as other:
        say_go(other)
        assert answer(other).startswith("True ")
        other.kill()
    with closing(Store.open(url(file))) as store:
        assert [each.text for each in store.unfinished()] == ["status"]


def test_of_many_threads_one_receives(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(store.receive, [message()] * 40))
    assert sorted(results) == [False] * 39 + [True]


def test_a_store_that_is_held_by_another_is_unavailable_and_says_so(file: Path) -> None:
    with closing(Store.open(Secret(f"sqlite:///{file}?timeout=0.05"))) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable) as trouble:
                store.receive(message())
        assert str(trouble.value) == f"The bot's own store {file} can't be used: database is locked."
        assert store.receive(message())


def test_receiving_is_fast_enough_to_be_done_before_the_acknowledgement(store: Store) -> None:
    # 2 ms or so; an acknowledgement is due within 50 ms, on a slow disk too.
    times = []
    for number in range(30):
        begun = time.perf_counter()
        store.receive(message(f"m{number}"))
        times.append(time.perf_counter() - begun)
    assert sorted(times)[len(times) // 2] < 0.050


def test_only_what_is_done_with_for_long_is_pruned(store: Store, clock: Clock) -> None:
    for name in ("old", "waiting"):
        store.receive(message(name))
    store.finish("old")
    store.record(message("old"), "promote", PAYMENT, "opened", "#1")
    clock.now += timedelta(days=31)
    store.receive(message("new"))
    store.finish("new")
    store.prune()
    assert [store.receive(message(name)) for name in ("old", "waiting", "new")] == [True, False, False]


# Messages

texts = st.text(max_size=20)
times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]))
actors = st.builds(Actor, texts, texts, st.none() | texts)
places = st.builds(Place, st.none() | texts, st.none() | texts, st.none() | texts)
presses = st.none() | st.builds(Press, texts, texts, texts, texts)


@settings(deadline=None)
@given(st.builds(Message, texts, texts, actors, places, times, st.just(False), presses))
def test_a_message_comes_back_as_it_was(said: Message) -> None:
    assert messages.read(messages.dump(said)) == said


def test_a_message_of_a_later_release_is_read() -> None:
    line = (
        '{"id": "m1", "text": "status", "at": "2026-03-02T12:00:00+00:00", "colour": "red",'
        ' "actor": {"id": "U1", "name": "Ana", "pronoun": "she"}}'
    )
    assert messages.read(line) == Message("m1", "status", Actor("U1", "Ana"), Place(), NOON)


# Confirmations


def test_a_confirmation_waits_until_it_is_settled(store: Store) -> None:
    confirmation = store.ask(message(), "f1", NOON + timedelta(minutes=10))
    assert store.waiting(confirmation, NOON) == (message(), "f1")
    assert store.waiting(confirmation, NOON + timedelta(minutes=10)) is None
    store.settle(confirmation)
    assert store.waiting(confirmation, NOON) is None
    assert store.waiting("another", NOON) is None


def test_confirmations_can_not_be_guessed_from_one_another(store: Store) -> None:
    ids = {store.ask(message(), "f1", NOON) for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 20


# Audit


def test_the_audit_says_who_asked_what_and_what_came_of_it(store: Store, file: Path) -> None:
    store.record(message(), "promote", PAYMENT, "refused", "ana may not promote in production")
    store.record(message("m2", "help"), "help", None, "answered", "")
    with closing(sqlite3.connect(file)) as reader:
        rows = reader.execute(
            "SELECT at, actor_id, said, verb, service, environment, outcome, detail FROM audit"
        ).fetchall()
    promote = "promote payment v1.3.0 to prod"
    at = "2026-03-02T12:00:00.000000+00:00"
    assert rows == [
        (at, "U1", promote, "promote", "payment", "production", "refused", "ana may not promote in production"),
        (at, "U1", "help", "help", None, None, "answered", ""),
    ]


# Contents seen in sync


def test_the_last_content_seen_in_sync_is_known_for_its_target_alone(store: Store) -> None:
    first, second = Content("tree1", "c1"), Content("tree2", "c3")
    elsewhere = Target("payment", "staging", "config", ("environments/staging/payment",))
    store.remember({PAYMENT: first, elsewhere: second})
    assert store.last([PAYMENT, elsewhere]) == {PAYMENT: first, elsewhere: second}
    store.remember({PAYMENT: second})
    assert store.last([PAYMENT]) == {PAYMENT: second}


def test_a_newer_commit_with_the_same_content_replaces_nothing(store: Store) -> None:
    store.remember({PAYMENT: Content("tree1", "c1")})
    store.remember({PAYMENT: Content("tree1", "c2")})
    assert store.last([PAYMENT]) == {PAYMENT: Content("tree1", "c1")}


# Episodes


FINDING = Finding("f1", "v1", "Deployment shop/api", "spec.replicas", Kind.DRIFT, Severity.HIGH, NOON, 2, 0, True)
EPISODE = Episode(
    "staging",
    "payment",
    NOON,
    (FINDING, replace(FINDING, id="f2", left=NOON, open=False, missed=2)),
    opened=NOON,
    healed=NOON,
    told=True,
    returns=2,
    stirred=NOON,
    restless=True,
    reminded=1,
    silence=Silence(NOON, NOON, "ana", "load test", ("f1",), over=True),
    held=True,
    undeclared=True,
    asked=True,
    inherited=True,
    channel="C1",
    message="170.1",
    shared=True,
    shown="s1",
    telling=True,
)
OUTAGE = Outage("staging", "c1", NOON, 2, 1, NOON, NOON, "C1", "170.2", "s2", telling=True)


def test_episodes_are_kept_whole_by_environment(store: Store) -> None:
    """Every field of theirs is set to what it is not by default."""
    bare = Episode("staging", "api", NOON)
    assert store.write([EPISODE, bare, OUTAGE])
    assert store.underway("staging") == (replace(bare, version=1), replace(EPISODE, version=1))
    assert store.outages("staging") == (replace(OUTAGE, version=1),)
    assert (store.underway("production"), store.outages("production")) == ((), ())


def test_what_another_process_wrote_meanwhile_is_not_overwritten(store: Store) -> None:
    assert store.write([EPISODE])
    assert not store.write([EPISODE]), "it is there already"
    (mine,) = store.underway("staging")
    assert store.write([replace(mine, told=False)])
    news = Episode("staging", "api", NOON)
    assert not store.write([news, replace(mine, told=True)]), "all or nothing"
    assert not store.write([news], [mine])
    assert not store.write([news, replace(mine, service="web")]), "what was forgotten meanwhile is not kept"
    (theirs,) = store.underway("staging")
    assert theirs == replace(EPISODE, told=False, version=2)
    assert store.write([news], [theirs])
    assert [each.service for each in store.underway("staging")] == ["api"]


def test_what_an_older_release_told_of_drift_stays_told(file: Path) -> None:
    with closing(Store.open(url(file))):
        pass
    with closing(sqlite3.connect(file)) as former:
        for table in ("episodes", "outages", "mutes", "promotions", "standings", "queue", "notices"):
            former.execute(f"DROP TABLE {table}")
        former.execute(
            "CREATE TABLE episodes (environment, service, state, fingerprint, began, channel, message, "
            "PRIMARY KEY (environment, service, state))"
        )
        began = "2026-03-02T12:00:00.000000+00:00"
        rows = [("api", "drifted", "170.1"), ("web", "drifted", "170.2"), ("zoo", "drifted", "170.2")]
        rows += [("api", "unknown", "170.3"), ("", "unknown", "170.4")]
        former.executemany(
            f"INSERT INTO episodes VALUES ('staging', ?, ?, 'f', '{began}', '#drift', ?)",  # noqa: S608 - a constant
            rows,
        )
        former.execute("UPDATE alembic_version SET version_num = '0002'")
        former.commit()
    with closing(Store.open(url(file))) as store:
        told = Episode("staging", "api", NOON, opened=NOON, told=True, inherited=True, version=1)
        assert store.underway("staging") == (
            replace(told, channel="#drift", message="170.1"),
            replace(told, service="web", channel="#drift", message="170.2", shared=True),
            replace(told, service="zoo", channel="#drift", message="170.2", shared=True),
        )


# Mutes


def test_a_target_is_muted_anew_and_unmuted(store: Store) -> None:
    first = Mute("staging", "api", NOON + timedelta(days=1), "ana", "load test", NOON)
    again = replace(first, until=NOON + timedelta(days=2), by="ben", because="", at=NOON + timedelta(hours=1))
    other = replace(first, service="web")
    for each in (first, other, again):
        store.mute(each)
    assert store.mutes("staging") == (again, other)
    assert store.mutes("production") == ()
    assert [store.unmute("staging", "api"), store.unmute("staging", "api")] == [True, False]
    assert store.mutes("staging") == (other,)


def test_the_fingerprint_key_is_random_and_stays(store: Store, file: Path, tmp_path: Path) -> None:
    with closing(Store.open(url(file))) as again, closing(Store.open(url(tmp_path / "other.db"))) as other:
        assert len(store.fingerprint_key) == 32
        assert store.fingerprint_key == again.fingerprint_key
        assert store.fingerprint_key != other.fingerprint_key


# Opening


def test_processes_that_open_a_new_store_at_once_all_can(file: Path) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(other_process(file)) for _ in range(3)]
        for other in others:
            say_go(other)
        answers = {answer(other) for other in others}
        for other in others:
            other.kill()
    # Each received a message of its own, and all found the same key.
    (said,) = answers
    assert said.startswith("True ")


def test_opening_a_current_store_is_fast(store: Store, file: Path) -> None:
    begun = time.perf_counter()
    Store.open(url(file)).close()
    assert time.perf_counter() - begun < 0.150


def test_the_folder_is_made_for_its_owner_alone(store: Store, file: Path) -> None:
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_writes_are_flushed_before_they_return(store: Store) -> None:
    with store._engine.connect() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


def test_a_store_of_a_newer_release_is_refused(store: Store, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Refusal, match=r"written by a newer release"):
        Store.open(url(file))


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("not a database, but long enough to be taken for the header of one" * 10)
    with pytest.raises(Unavailable, match=r"notes.db can't be used: file is not a database\.$"):
        Store.open(url(file))


@pytest.mark.parametrize("address", ["postgresql://ana:hunter2@db/deck", "sqlite://", "sqlite:///:memory:", "hunter2"])
def test_other_databases_are_refused_without_showing_their_password(address: str) -> None:
    with pytest.raises(Refusal, match=r"QUARTERDECK_DATABASE_URL .*sqlite:///<path>") as refusal:
        Store.open(Secret(address))
    assert "hunter2" not in str(refusal.value)


def test_closing_leaves_no_thread_behind(file: Path) -> None:
    before = threading.active_count()
    Store.open(url(file)).close()
    assert threading.active_count() == before


def test_a_folder_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as told:
        Store.open(url(tmp_path / "file" / "data" / "quarterdeck.db"), Clock())
    assert str(told.value) == (
        f"The folder of the bot's store, {tmp_path}/file/data, can't be made: Not a directory; "
        "QUARTERDECK_DATA can name another."
    )
