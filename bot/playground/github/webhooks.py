"""Webhooks: what happened in a repository, sent to who asked for it and signed with their secret.

https://docs.github.com/en/webhooks. What happened is found by looking at how things differ from the look before, so
nothing that can happen has to know of webhooks. GitHub repeats nothing by itself; `repeat` does what its button does.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.model.secret import Secret
from bot.playground.github import merging
from bot.playground.github.bare import GitFailed
from bot.playground.github.pulls import Pull
from bot.playground.github.repository import Repository

if TYPE_CHECKING:
    from bot.playground.github import GitHub

Body = dict[str, Any]
EVERY = 1.0
"""Seconds between looks, where somebody watches."""
TIMEOUT = 10
"""Seconds that a receiver has, by GitHub's documentation."""


@dataclass(frozen=True, slots=True)
class Delivery:
    event: str
    id: str
    body: bytes
    status: int | None = None
    """What came back; None if nothing did."""


class Webhooks:
    """Of all repositories of a GitHub, to one address on loopback. `deliveries` are those sent, oldest first."""

    def __init__(self, github: "GitHub", url: str, secret: Secret) -> None:
        self._github = github
        self._url = urlsplit(url)
        self._secret = secret
        self._seen = self._state()
        self.deliveries: list[Delivery] = []

    def ping(self) -> Delivery:
        return self._send("ping", {"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {"type": "Repository"}})

    def look(self) -> None:
        """Send what happened since the last look."""
        before, self._seen = self._seen, self._state()
        for key, (event, body) in self._seen.items():
            if key not in before:
                self._send(event, body)

    def repeat(self, index: int = -1) -> Delivery:
        """Send one again, as it was."""
        delivery = self.deliveries[index]
        return self._post(delivery.event, delivery.id, delivery.body)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look for as long as the block runs."""
        stop = Event()

        def looking() -> None:
            while not stop.wait(EVERY):
                with suppress(GitFailed):  # somebody pushed at that moment
                    self.look()

        thread = Thread(target=looking, name="webhooks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _send(self, event: str, body: Body) -> Delivery:
        return self._post(event, str(uuid.uuid4()), json.dumps(body).encode())

    def _post(self, event: str, delivery: str, body: bytes) -> Delivery:
        digest = hmac.new(self._secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/playground",
            "X-GitHub-Delivery": delivery,
            "X-GitHub-Event": event,
            "X-Hub-Signature-256": f"sha256={digest}",
        }
        connection = HTTPConnection(self._url.hostname or "", self._url.port, timeout=TIMEOUT)
        try:
            connection.request("POST", self._url.path, body, headers)
            status: int | None = connection.getresponse().status
        except (OSError, HTTPException):
            status = None
        finally:
            connection.close()
        self.deliveries.append(Delivery(event, delivery, body, status))
        return self.deliveries[-1]

    def _state(self) -> dict[str, tuple[str, Body]]:
        """Everything that a webhook could tell of, as it is: by what is another once it is to be told again."""
        with self._github.lock:
            return {
                key: said for repository in self._github.repositories.values() for key, said in self._things(repository)
            }

    def _things(self, repository: Repository) -> Iterator[tuple[str, tuple[str, Body]]]:
        merging.proceed(repository)
        shapes = self._github.shapes
        common = {"repository": shapes.repository(repository)}
        place = repository.full_name
        for branch, commit in repository.bare.branches().items():
            yield f"{place} {branch} {commit}", ("push", common | {"ref": f"refs/heads/{branch}", "after": commit})
        heads: dict[str, list[Pull]] = {}
        for pull in repository.pulls():
            heads.setdefault(pull.head, []).append(pull)
            told = shapes.pull(repository, pull)
            about = {"number": pull.number, "pull_request": told, "sender": shapes.user(pull.author)}
            state = f"{pull.head} {pull.state} {pull.draft} {pull.updated}"
            yield f"{place}#{pull.number} {state}", ("pull_request", common | about | {"action": _action(pull)})
            for review in pull.reviews:
                said: Body = {
                    "action": "submitted",
                    "review": shapes.review(repository, pull, review),
                    "pull_request": told,
                }
                yield f"{place} {review.id}", ("pull_request_review", common | said)
        now = repository.now()
        for commit, pulls in heads.items():
            for check in repository.checks(commit):
                done = check.is_done(now)
                run = {
                    "name": check.name,
                    "head_sha": commit,
                    "status": "completed" if done else "in_progress",
                    "conclusion": check.conclusion.lower() if done else None,
                    "pull_requests": [{"number": pull.number} for pull in pulls],
                }
                action = "completed" if done else "created"
                run_id = f"{check.name} {check.began} {action}"
                yield f"{place} {commit} {run_id}", ("check_run", common | {"action": action, "check_run": run})
            for status in repository.statuses(commit):
                said = {"id": status.id, "sha": commit, "state": status.state, "context": status.context}
                yield f"{place} {status.id}", ("status", common | said)


def _action(pull: Pull) -> str:
    """What it was that happened to it last, as far as can be told."""
    if pull.closed:
        return "closed"
    return "opened" if pull.updated == pull.created else "synchronize"
