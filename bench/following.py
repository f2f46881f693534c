"""200 promotions followed at once: what that asks of GitHub while nothing changes, and what a step takes.

The forge and the chat are the playground's, in this process; between two rounds no time is waited, it is said to pass.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bench.figures import Figure, timed
from bench.stage import playground
from bot.app import App
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.jobs.follow import Follow
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.reply import Outcome, Reply
from bot.model.request import Actor, Place
from bot.playground.playground import REPOSITORY, Playground
from bot.ports import Chat

PROMOTIONS = 200
FILE = "environments/production/payment/kustomization.yaml"
EVERY = timedelta(seconds=5)
QUIET = timedelta(minutes=3)
POLLED = 15.0
"""Seconds between two looks of whoever polls: as often as we look."""
YOUNG = timedelta(minutes=3)
"""Until then the forge is asked more often, since checks of a new head are about to begin."""


class Clock:
    """Time that passes when it is told to, and as it does otherwise."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Counting:
    """A chat of which it is counted how often each message is updated."""

    def __init__(self, chat: Chat) -> None:
        self.inner = chat
        self.updates: Counter[str] = Counter()

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def update(self, channel: str, message: str, reply: Reply) -> None:
        self.updates[message] += 1
        self.inner.update(channel, message, reply)


def measure(folder: Path) -> Iterator[Figure]:
    clock = Clock()
    with playground(folder / "following") as place:
        surroundings = Surroundings.read(place.environment)
        with App(load(place.config), surroundings, clock.now) as app:
            chat = Counting(app.connect().chat)
            follow = app.duties(chat).follower()  # type: ignore[arg-type]  # it passes the rest on
            _begin(place, app, chat, clock)
            _rounds(follow, clock, EVERY)
            clock.ahead += YOUNG
            _rounds(follow, clock, EVERY)
            requests = place.github.requests
            requests.clear()
            quiet = _rounds(follow, clock, QUIET)
            rate, same = requests.answered / QUIET.total_seconds(), requests.unchanged / max(1, requests.answered)
            theirs = [timed(lambda: _poll(place)) * EVERY.total_seconds() / POLLED]
            what = f"follow {PROMOTIONS}, nothing new: {rate:.2f} requests a second, {same:.0%} of them 304"
            beside = f"two GETs each every {POLLED:.0f} s: {2 * PROMOTIONS / POLLED:.1f} a second"
            yield Figure(f"{what}; a round", quiet, beside, theirs, most=1.0)
            if rate >= 1:
                raise RuntimeError(f"{rate:.2f} requests a second while nothing changes")
            chat.updates.clear()
            requests.clear()
            for pull in place.repository.pulls():
                place.repository.conclude(pull.head, "build", "SUCCESS")
            step = max(_rounds(follow, clock, timedelta(minutes=1)))
            if sorted(chat.updates.values()) != [1] * PROMOTIONS:
                raise RuntimeError(f"a step took other than one update a message: {Counter(chat.updates.values())}")
            yield Figure(f"the checks of all pass: one update each, {requests.answered} requests; the round", [step])


def _begin(place: Playground, app: App, chat: Counting, clock: Clock) -> None:
    """Pull requests of the bot, each followed, and each with its message."""
    repository, bot = place.repository, place.bot
    before = repository.bare.read("main", FILE) or b""
    for number in range(1, PROMOTIONS + 1):
        version = f"v2.{number}.0"
        branch = f"quarterdeck/promote/production/payment/{version}"
        text = before.replace(b"v1.2.0", version.encode())
        head = repository.commit(branch, {FILE: text}, f"Promote payment to {version}", bot)
        pull = repository.open(bot, title=f"Promote payment to {version}", body="", head=branch, base="main")
        message = chat.inner.post(Place(channel="#deploys"), Reply(Outcome.ANSWERED, "Opened."))
        now = clock.now()
        app.adapters.store.promotions.begin(
            Promotion(
                "config",
                f"#{pull.number}",
                "production",
                "promote",
                (Leg("payment", "v1.2.0", version, Stage.OPEN),),
                Actor("U0ANA00001", "ana"),
                now,
                stage=Stage.OPEN,
                reached={Stage.OPEN: now},
                pull=pull.number,
                head=head,
                channel=chat.inner.channel("#deploys"),
                message=message,
            )
        )


def _rounds(follow: Follow, clock: Clock, period: timedelta) -> list[float]:
    """Seconds of each round that is due in a time."""
    taken = []
    for _ in range(period // EVERY):
        clock.ahead += EVERY
        began = time.perf_counter()
        follow.run(clock.now())
        taken.append(time.perf_counter() - began)
    return taken


def _poll(place: Playground) -> None:
    """The state and the reviews of each, over one connection."""
    headers = {"Authorization": f"Bearer {place.bot.token.reveal()}"}
    with httpx.Client(base_url=f"{place.github.api_url}/repos/{REPOSITORY}", headers=headers) as client:
        for pull in place.repository.pulls():
            for path in (f"/pulls/{pull.number}", f"/pulls/{pull.number}/reviews"):
                client.get(path).raise_for_status()
