"""What a step of a transcript does to the world, and where its outcome is seen."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from html import unescape

from loopback import http
from transcript import Step, matches
from world import REPOSITORY, World

from bot.playground.github import faults
from bot.playground.slack.conversations import Message

Action = Callable[["Stage", re.Match[str]], None]
ACTIONS: list[tuple[re.Pattern[str], Action]] = []


def step(pattern: str) -> Callable[[Action], Action]:
    def declared(action: Action) -> Action:
        ACTIONS.append((re.compile(pattern), action))
        return action

    return declared


CHANGED = "(the message now says) "
THREAD = "(in the thread) "


class Stage:
    """A world with a transcript running in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: dict[tuple[str, str], str] = {}
        """What the bot's messages said when the transcript told them, by channel and `ts`."""
        self.asker = "ana"
        self.output = ""

    def run(self, each: Step) -> None:
        said = f"{each.who}: {each.what}" if each.who == "$" else f"{each.who} {each.what}"
        for pattern, action in ACTIONS:
            if match := pattern.fullmatch(said):
                action(self, match)
                self._expect(each)
                return
        raise AssertionError(f"line {each.line}: no step is called {said!r}")

    def _expect(self, each: Step) -> None:
        for expected in each.said:
            if expected == "(silence)":
                heard = [text(message) for message in (*self._unread(), *self._changed())]
                assert not heard, f"line {each.line}: {heard}"
                continue
            wanted, news = expected, self._unread
            if expected.startswith(CHANGED):
                wanted, news = expected.removeprefix(CHANGED), self._changed
            message = self.world.playground.workspace.wait_for(lambda news=news: next(iter(news()), None), 15)
            told = self.seen[message.channel, message.ts] = text(message)
            if wanted.startswith(THREAD):
                wanted, told = wanted.removeprefix(THREAD), told if message.thread else f"not in a thread: {told}"
            assert matches(wanted, told), f"line {each.line}: expected\n{wanted}\n\nbut the bot said\n{told}"
        if each.block is not None:
            assert matches(each.block, self.output), (
                f"line {each.line}: expected\n{each.block}\n\nbut saw\n{self.output}"
            )

    def _unread(self) -> list[Message]:
        return [message for message in self._told() if (message.channel, message.ts) not in self.seen]

    def _changed(self) -> list[Message]:
        """Messages that say something else than the transcript told."""
        told = ((message, self.seen.get((message.channel, message.ts))) for message in self._told())
        return [message for message, before in told if before is not None and before != text(message)]

    def _told(self) -> list[Message]:
        """Everything that the bot has said, wherever, oldest first."""
        workspace = self.world.playground.workspace
        channels = ["#deploys", "#drift", "#general", *(workspace.direct(person.id) for person in workspace.people)]
        tops = [message for channel in channels for message in workspace.messages(channel)]
        threads = [reply for top in tops for reply in workspace.messages(top.channel, top.ts)[1:]]
        private = [message for person in workspace.people for message in workspace.ephemerals(person.id)]
        bot = workspace.installation.bot_user_id
        mine = {(each.channel, each.ts): each for each in (*tops, *threads, *private) if each.user == bot}
        return [mine[place] for place in sorted(mine, key=lambda place: place[1])]

    def last(self, button: str = "") -> Message:
        """The bot's newest message that the transcript has told, as it is now; with such a button, if one has it."""
        told = [message for message in self._told() if (message.channel, message.ts) in self.seen]
        named = [each for each in told if any(its["text"]["text"] == button for its in each.buttons)]
        return (named or told)[-1]


def text(message: Message) -> str:
    """A message as a person reads it aloud: its text without Slack's escapes, its buttons at the end."""
    private = "(only you see this) " if message.visible_to else ""
    buttons = "".join(f"\n[{each['text']['text']}]" for each in message.buttons)
    files = "".join(f"(the file {each['title']})" for each in message.files)
    said = re.sub(r"<@U0([A-Z]+)\d+>", lambda person: f"@{person[1].lower()}", message.text)
    return private + files + unescape(said).replace("```\n", "").replace("\n```", "") + buttons


@step(r"(?P<who>\w+) in (?P<channel>#\w+): (?P<text>.*)")
def _say(stage: Stage, said: re.Match[str]) -> None:
    stage.asker = said["who"]
    stage.world.playground.workspace.say(said["who"], said["channel"], said["text"].replace("\\n", "\n"))


@step(r"(?P<who>\w+) directly: (?P<text>.*)")
def _write(stage: Stage, said: re.Match[str]) -> None:
    stage.world.playground.workspace.say(said["who"], "@quarterdeck", said["text"])


@step(r"(?P<who>\w+) presses (?P<button>.+)")
def _press(stage: Stage, said: re.Match[str]) -> None:
    message = stage.last(said["button"])
    stage.world.playground.workspace.press(said["who"], message.channel, message.ts, said["button"])


@step(r"(?P<who>\w+) (?P<what>approves|asks for changes on) #(?P<number>\d+)")
def _review(stage: Stage, said: re.Match[str]) -> None:
    repository, person = stage.world.playground.repository, stage.world.playground.github.people[said["who"]]
    event = "APPROVE" if said["what"] == "approves" else "REQUEST_CHANGES"
    repository.review(repository.pull(int(said["number"])), person, event, "")


@step(r"the check (?P<name>\w+) of #(?P<number>\d+) (?P<what>begins|passes|fails)")
def _check_run(stage: Stage, said: re.Match[str]) -> None:
    repository = stage.world.playground.repository
    head = repository.pull(int(said["number"])).head
    if said["what"] == "begins":
        repository.check(head, said["name"])
    else:
        repository.conclude(head, said["name"], "SUCCESS" if said["what"] == "passes" else "FAILURE")


@step(r"(?P<who>\w+) (?P<what>merges|squashes|rebases|closes|reopens) #(?P<number>\d+)")
def _settle(stage: Stage, said: re.Match[str]) -> None:
    github = stage.world.playground.github
    headers = {"Authorization": f"Bearer {github.people[said['who']].token.reveal()}"}
    pull = f"{github.api_url}/repos/{REPOSITORY}/pulls/{said['number']}"
    if said["what"] in {"closes", "reopens"}:
        answer = http.patch(pull, headers=headers, json={"state": "closed" if said["what"] == "closes" else "open"})
    else:
        method = {"merges": "merge", "squashes": "squash", "rebases": "rebase"}[said["what"]]
        answer = http.put(f"{pull}/merge", headers=headers, json={"merge_method": method})
    answer.raise_for_status()


@step(r"(?P<who>\w+) pushes a commit that turns \"(?P<old>[^\"]+)\" into \"(?P<new>[^\"]+)\" in (?P<path>\S+)")
def _push(stage: Stage, said: re.Match[str]) -> None:
    github = stage.world.playground.github
    person = github.people[said["who"]]
    before = stage.world.git("show", f"main:{said['path']}")
    assert said["old"] in before
    after = before.replace(said["old"], said["new"].replace("\\n", "\n"))
    stage.world.commit(person, {said["path"]: after.encode()}, "Change it by hand")


@step(
    r"(?P<who>\w+) opens pull request \"(?P<title>[^\"]+)\" that turns \"(?P<old>[^\"]+)\" into \"(?P<new>[^\"]+)\""
    r" in (?P<paths>\S+(?: and \S+)*)"
)
def _open(stage: Stage, said: re.Match[str]) -> None:
    """A person's own: a commit for each file, on a branch named after the title."""
    repository, person = stage.world.playground.repository, stage.world.playground.github.people[said["who"]]
    branch = said["title"].lower().replace(" ", "-")
    for path in said["paths"].split(" and "):
        before = stage.world.git("show", f"main:{path}")
        assert said["old"] in before
        after = before.replace(said["old"], said["new"].replace("\\n", "\n"))
        repository.commit(branch, {path: after.encode()}, f"Change {path}", person)
    repository.open(person, title=said["title"], body="", head=branch, base="main")


@step(r"GitHub answers (?P<status>\d+) to the next request")
def _fail(stage: Stage, said: re.Match[str]) -> None:
    stage.world.playground.github.faults.plan(faults.error(int(said["status"])))


@step(r"the clusters follow")
def _follow(stage: Stage, _: re.Match[str]) -> None:
    stage.world.follow()


@step(r"someone runs kubectl (?P<arguments>.+)")
def _kubectl(stage: Stage, said: re.Match[str]) -> None:
    kubectl = f"{sys.prefix}/bin/kubectl"
    config = str(stage.world.playground.kubeconfig)
    command = [kubectl, "--kubeconfig", config, *shlex.split(said["arguments"])]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@step(r"(?P<count>\d+) (?P<unit>minutes|hours|days) pass")
def _pass(stage: Stage, said: re.Match[str]) -> None:
    stage.world.clock.passes(timedelta(**{said["unit"]: int(said["count"])}))


@step(r"the drift check of (?P<environment>\w+) runs(?:, (?P<count>\d+) (?P<unit>minutes|hours|days) later)?")
def _check(stage: Stage, said: re.Match[str]) -> None:
    if said["count"]:
        stage.world.clock.passes(timedelta(**{said["unit"]: int(said["count"])}))
    check = stage.world.app.duties(stage.world.slack.chat).drift_check(said["environment"])
    assert check is not None
    check.run(stage.world.clock.now())


@step(r"the follower runs(?:, (?P<count>\d+) (?P<unit>seconds|minutes|hours) later)?")
def _follower(stage: Stage, said: re.Match[str]) -> None:
    """As often as it takes to have looked without a gap at the end of a longer time, not all of it."""
    follower, until = stage.world.follower, time.monotonic() + 5
    # A message is in the channel a moment before it is noted which one it is; until then the follower leaves it alone.
    while any(not each.message for each in follower.promotions.promotions()) and time.monotonic() < until:
        time.sleep(0.02)
    rest = timedelta(**{said["unit"]: int(said["count"])}) if said["count"] else timedelta(seconds=5)
    if rest > timedelta(minutes=5):
        stage.world.clock.passes(rest - timedelta(minutes=2))
        rest = timedelta(minutes=2)
    while rest > timedelta():
        stage.world.clock.passes(min(rest, timedelta(seconds=50)))
        rest -= timedelta(seconds=50)
        stage.world.nudge()
        follower.run(stage.world.clock.now())


@step(r"the watch runs(?:, (?P<count>\d+) minutes later)?")
def _watch(stage: Stage, said: re.Match[str]) -> None:
    stage.world.clock.passes(timedelta(minutes=int(said["count"] or 0)))
    stage.world.app.duties(stage.world.slack.chat).watch().run(stage.world.clock.now())


@step(r"the queue is asked")
def _queue(stage: Stage, _: re.Match[str]) -> None:
    slack = stage.world.slack
    stage.world.app.duties(slack.chat).departures(slack.work).run(stage.world.clock.now())


@step(r"the cluster (?P<name>\w+) (?P<what>goes down|comes back)")
def _cluster(stage: Stage, said: re.Match[str]) -> None:
    cluster = stage.world.playground.clusters[said["name"]]
    cluster.fail(503) if said["what"] == "goes down" else cluster.recover()


@step(r"the last commit on main is")
def _commit(stage: Stage, _: re.Match[str]) -> None:
    shown = stage.world.git("show", "--format=%an: %B", "--first-parent", "-m", "main").strip()
    stage.output = shown.replace("\n\n\n", "\n\n")


@step(r"the tip of pull request #(?P<number>\d+) says")
def _tip(stage: Stage, said: re.Match[str]) -> None:
    pull = stage.world.playground.repository.pull(int(said["number"]))
    stage.output = stage.world.git("show", "--no-patch", "--format=%an: %B", pull.branch).strip()


@step(r"pull request #(?P<number>\d+) changes")
def _pull(stage: Stage, said: re.Match[str]) -> None:
    pull = stage.world.playground.repository.pull(int(said["number"]))
    stage.output = stage.world.git("diff", f"main...{pull.branch}").strip()


@step(r"pull request #(?P<number>\d+) (?:then )?reads")
def _body(stage: Stage, said: re.Match[str]) -> None:
    """Once all has followed, reviewers last; without the hidden block, and the marks that keep GitHub from linking."""
    pull = stage.world.playground.repository.pull(int(said["number"]))
    until = time.monotonic() + 15
    while not pull.reviewers and time.monotonic() < until:
        time.sleep(0.02)
    gets = {
        "labels": pull.labels,
        "assigned to": [person.login for person in pull.assignees],
        "review by": [person.login for person in pull.reviewers],
    }
    shown = [f"{what}: {', '.join(names)}" for what, names in gets.items()]
    body = pull.body.partition("<!--")[0].replace("\u200b", "").rstrip()
    stage.output = "\n".join([pull.title, *shown, "", body])


@step(r"\$: quarterdeck (?P<arguments>.+)")
def _program(stage: Stage, said: re.Match[str]) -> None:
    arguments = [*shlex.split(said["arguments"]), "--config", str(stage.world.playground.config)]
    ran = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env=os.environ | stage.world.playground.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    stage.output = (ran.stdout + ran.stderr).strip() + (f"\n[exit status {ran.returncode}]" if ran.returncode else "")
