"""From `promote` in the chat to the pull request in the thread, and the part of it that is Git's."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.figures import Figure, alternately, timed
from bench.stage import git_login, listening, playground, quarterdeck, script
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.model.change import Draft, Edit
from bot.playground.playground import REPOSITORY, Playground

TIMES = 15
FILE = "environments/production/payment/kustomization.yaml"


def measure(folder: Path) -> Iterator[Figure]:
    patches = count(1)
    with playground(folder / "promoting") as place, listening(place, *quarterdeck(place)):
        api = f"{place.github.api_url}/repos/{REPOSITORY}"
        ours, theirs = alternately(
            TIMES,
            lambda: _by_chat(place, f"v1.9.{next(patches)}"),
            lambda: _by_script(place, f"v1.9.{next(patches)}", API=api),
        )
    yield Figure("promote: message to pull request", ours, "clone, sed, commit, push, curl", theirs, 1.0)
    with playground(folder / "git") as place, _mirrors(place) as mirrors:
        ours, theirs = alternately(
            TIMES,
            lambda: timed(lambda: _by_mirror(mirrors, f"v1.9.{next(patches)}")),
            lambda: _by_script(place, f"v1.9.{next(patches)}"),
        )
    yield Figure("Git's part of it: fetch, commit, push", ours, "clone, sed, commit, push", theirs, 0.3)


def _by_chat(place: Playground, version: str) -> float:
    workspace = place.workspace
    began = time.perf_counter()
    said = workspace.say("ana", "#deploys", f"@Quarterdeck promote payment {version} to prod")
    reply = workspace.wait_for(lambda: workspace.messages("#deploys", said)[1:], 30)[0]
    took = time.perf_counter() - began
    _rest(place)
    if not _closed(place):
        raise RuntimeError(f"no pull request was made: {reply.text}")
    return took


def _rest(place: Playground) -> None:
    """Until all has followed the answer, reviewers last: it must not slow down what is measured next."""
    until = time.monotonic() + 30
    while any(pull.state == "open" and not pull.reviewers for pull in place.repository.pulls()):
        if time.monotonic() > until:
            raise RuntimeError("nobody was asked to review the pull request")
        time.sleep(0.01)


def _by_script(place: Playground, version: str, **more: str) -> float:
    token = place.github.people["ana"].token.reveal()
    given = {"URL": place.github.clone_url(REPOSITORY), "FILE": FILE, "VERSION": version, "BRANCH": f"to-{version}"}
    took = timed(lambda: script("change", git_login(token) | {"TOKEN": token} | given | more))
    _closed(place)
    return took


def _closed(place: Playground) -> int:
    """Close what is open, since the next promotion would have to wait for it; how many that were."""
    still_open = [pull for pull in place.repository.pulls() if pull.state == "open"]
    for pull in still_open:
        place.repository.edit(pull, state="closed")
    return len(still_open)


def _mirrors(place: Playground) -> Mirrors:
    repository = Repository("config", place.github.clone_url(REPOSITORY), "main")
    return Mirrors(place.folder / "bench", {"config": repository}, tokens={"config": place.bot.token})


def _by_mirror(mirrors: Mirrors, version: str) -> None:
    tree = mirrors.reader().head("config")
    before = tree.read(FILE) or b""
    edit = Edit(FILE, before, before.replace(b"v1.2.0", version.encode()))
    commit = mirrors.writer().commit("config", tree.commit, [Draft(f"Promote to {version}\n", (edit,))])
    mirrors.writer().push_branch("config", f"quarterdeck/bench/{version}", commit)
