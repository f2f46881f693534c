"""What a workspace remembers: people, channels and messages, for many threads at once.

Knows Slack's message shape, and nothing of how anything came in or goes out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Condition, RLock
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    real_name: str
    title: str = ""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, or (`members` given) the direct messages of two."""

    id: str
    name: str
    topic: str = ""
    members: tuple[str, ...] = ()

    @property
    def is_direct(self) -> bool:
        return bool(self.members)

    def json(self, user: str) -> Json:
        """As `conversations.info` gives it to `user`."""
        if self.is_direct:
            other = next(member for member in self.members if member != user)
            return {"id": self.id, "is_im": True, "is_channel": False, "user": other, "is_open": True}
        return {
            "id": self.id,
            "name": self.name,
            "is_im": False,
            "is_channel": True,
            "is_private": False,
            "is_archived": False,
            "is_member": True,
            "topic": {"value": self.topic},
        }


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `ts` is its id in its channel. `visible_to` makes it ephemeral, for that user alone."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread: str | None = None
    broadcast: bool = False
    edited: str | None = None
    visible_to: str | None = None
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Emoji names with who chose them, in the order they came."""
    bot_id: str | None = None
    files: tuple[Json, ...] = ()

    @property
    def buttons(self) -> tuple[Json, ...]:
        """Every button in its blocks, top to bottom, each with its `block_id`."""
        return tuple(
            {**element, "block_id": block.get("block_id")}
            for block in self.blocks
            for element in (*block.get("elements", ()), block.get("accessory"))
            if element and element.get("type") == "button"
        )

    def json(self) -> Json:
        """As Slack's API and events show it."""
        shape: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        if self.bot_id:
            shape["bot_id"] = self.bot_id
        if self.blocks:
            shape["blocks"] = list(self.blocks)
        if self.files:
            shape["files"] = list(self.files)
        if self.thread:
            shape["thread_ts"] = self.thread
        if self.edited:
            shape["edited"] = {"user": self.user, "ts": self.edited}
        if self.reactions:
            shape["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in self.reactions
            ]
        return shape


class Conversations:
    """The memory. Every change raises `revision`, wakes who waits in `wait_for` and calls who watches."""

    def __init__(self, now: Callable[[], datetime], users: Iterable[User], channels: Iterable[Channel]) -> None:
        self.users: Mapping[str, User] = {user.id: user for user in users}
        self.channels: Mapping[str, Channel] = {channel.id: channel for channel in channels}
        self.revision = 0
        self._now = now
        self._changed = Condition(RLock())
        self._microseconds = 0
        self._messages: dict[str, dict[str, Message]] = {channel: {} for channel in self.channels}
        self._read: dict[tuple[str, str], str] = {}
        self._watchers: list[Callable[[], None]] = []

    def timestamp(self) -> str:
        """A new `ts`: the time, never the same twice, always later than the last, even if the clock stands."""
        with self._changed:
            self._microseconds = max(self._microseconds + 1, round(self._now().timestamp() * 1_000_000))
            return f"{self._microseconds // 1_000_000}.{self._microseconds % 1_000_000:06d}"

    def channel(self, name: str, user: str | None = None) -> Channel | None:
        """A channel by its id or `#name`; with `user`, the direct messages between the two by the other's id."""
        if name in self.channels:
            return self.channels[name]
        for channel in self.channels.values():
            if channel.is_direct:
                if user and user != name and {user, name} == set(channel.members):
                    return channel
            elif channel.name == name.removeprefix("#"):
                return channel
        return None

    def add(self, channel: str, user: str, text: str, **rest: Any) -> Message:
        """A new message; `rest` are fields of Message."""
        with self._changed:
            message = Message(channel, self.timestamp(), user, text, **rest)
            self._messages[channel][message.ts] = message
            self._read[user, channel] = message.ts
            self.touch()
            return message

    def find(self, channel: str, ts: str) -> Message | None:
        with self._changed:
            return self._messages[channel].get(ts)

    def put(self, message: Message) -> Message:
        """A message that exists, changed."""
        with self._changed:
            self._messages[message.channel][message.ts] = message
            self.touch()
            return message

    def remove(self, message: Message) -> None:
        with self._changed:
            self._messages[message.channel].pop(message.ts, None)
            self.touch()

    def react(self, message: Message, name: str, user: str, *, on: bool) -> bool:
        """Add or take back a reaction; False if it was so already, or the message is gone."""
        with self._changed:
            current = self.find(message.channel, message.ts)
            if current is None:
                return False
            reactions = dict(current.reactions)
            users = reactions.get(name, ())
            if (user in users) == on:
                return False
            reactions[name] = (*users, user) if on else tuple(other for other in users if other != user)
            self.put(replace(current, reactions=tuple((key, who) for key, who in reactions.items() if who)))
            return True

    def messages(self, channel: str, thread: str | None = None, *, seen_by: str | None = None) -> list[Message]:
        """Top-level messages, or a thread's with its first; with `seen_by`, that user's ephemeral ones too."""
        with self._changed:
            return [
                message
                for ts, message in self._messages[channel].items()
                if message.visible_to in {None, seen_by}
                and (thread in {ts, message.thread} if thread else message.thread in {None, ts} or message.broadcast)
            ]

    def ephemerals(self, user: str) -> list[Message]:
        with self._changed:
            everything = (message for channel in self._messages.values() for message in channel.values())
            return sorted((each for each in everything if each.visible_to == user), key=lambda message: message.ts)

    def threads(self, channel: str) -> dict[str, Json]:
        """What Slack tells of each thread at its first message, by that one's `ts`."""
        found: dict[str, Json] = {}
        with self._changed:
            for ts, message in self._messages[channel].items():
                if message.thread and not message.visible_to:
                    seen = found.setdefault(message.thread, {"thread_ts": message.thread, "reply_count": 0})
                    seen["reply_count"] += 1
                    seen["latest_reply"] = ts
                    seen["reply_users"] = list(dict.fromkeys([*seen.get("reply_users", ()), message.user]))
        return found

    def read_until(self, user: str, channel: str) -> str:
        """The `ts` of the last message that the user has seen there; "" if none."""
        with self._changed:
            return self._read.get((user, channel), "")

    def unread(self, user: str, channel: str) -> int:
        with self._changed:
            last = self.read_until(user, channel)
            return sum(message.ts > last and message.user != user for message in self.messages(channel, seen_by=user))

    def mark_read(self, user: str, channel: str, ts: str) -> None:
        with self._changed:
            if ts > self._read.get((user, channel), ""):
                self._read[user, channel] = ts
                self.touch()

    def touch(self) -> None:
        """Something worth another look has happened."""
        with self._changed:
            self.revision += 1
            self._changed.notify_all()
            watchers: Sequence[Callable[[], None]] = tuple(self._watchers)
        for watcher in watchers:
            watcher()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after every change, from whichever thread made it; the returned call ends that."""
        with self._changed:
            self._watchers.append(watcher)

        def end() -> None:
            with self._changed:
                self._watchers.remove(watcher)

        return end

    def wait_for(self, predicate: Callable[[], T], seconds: float) -> T:
        """The predicate's first true value, tried after each change. TimeoutError if there is none in time."""
        with self._changed:
            if self._changed.wait_for(predicate, seconds):
                return predicate()
        raise TimeoutError(f"nothing of the kind in the workspace within {seconds} seconds")
