"""The workspace's memory under many threads, and its waiting."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from bot.playground.slack.conversations import Channel, Conversations, User


@pytest.fixture
def memory() -> Conversations:
    return Conversations(
        lambda: datetime(2026, 3, 2, tzinfo=UTC),
        [User("U1", "ana", "Ana Ulm"), User("U2", "ben", "Ben Urban")],
        [Channel("C1", "deploys"), Channel("D1", "ana", members=("U1", "U2"))],
    )


def test_many_speak_at_once_and_nobody_is_lost(memory: Conversations) -> None:
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda number: memory.add("C1", "U1", str(number)).ts, range(400)))
    kept = [message.ts for message in memory.messages("C1")]
    assert sorted(said) == kept
    assert len(set(kept)) == 400


def test_waiting_ends_with_the_change_and_not_before(memory: Conversations) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(memory.wait_for, lambda: [each.text for each in memory.messages("C1")], 5)
        memory.add("D1", "U1", "elsewhere")
        memory.add("C1", "U1", "here")
        assert waiting.result(5) == ["here"]


def test_waiting_in_vain_is_a_timeout(memory: Conversations) -> None:
    with pytest.raises(TimeoutError, match="within"):
        memory.wait_for(lambda: memory.messages("C1"), 0.05)


def test_a_channel_by_each_of_its_names(memory: Conversations) -> None:
    assert [getattr(memory.channel(name), "id", None) for name in ("C1", "#deploys", "deploys", "D1", "ana")] == [
        "C1",
        "C1",
        "C1",
        "D1",
        None,
    ]
    assert memory.channel("U2", "U1") is memory.channels["D1"]
    assert memory.channel("U1", "U1") is None


def test_a_message_gone_cannot_be_reacted_to(memory: Conversations) -> None:
    message = memory.add("C1", "U1", "short-lived")
    memory.remove(message)
    assert memory.react(message, "eyes", "U2", on=True) is False
    assert memory.find("C1", message.ts) is None


def test_unread_counts_what_others_said_since(memory: Conversations) -> None:
    first = memory.add("C1", "U1", "one")
    memory.add("C1", "U1", "two")
    memory.add("C1", "U1", "for ben alone", visible_to="U2")
    assert (memory.unread("U1", "C1"), memory.unread("U2", "C1")) == (0, 3)
    memory.mark_read("U2", "C1", first.ts)
    assert memory.unread("U2", "C1") == 2
