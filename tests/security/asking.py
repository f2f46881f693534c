"""Talking to the bot of a world, and all that was ever said, opened or committed there."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

from world import World

from bot.playground.slack.conversations import Message


def heard(world: World) -> list[Message]:
    """Every message of the bot as it is now, whoever sees it, oldest first."""
    workspace = world.playground.workspace
    bot = workspace.installation.bot_user_id
    channels = ["#deploys", "#drift", "#general", *(workspace.direct(person.id) for person in workspace.people)]
    tops = [message for channel in channels for message in workspace.messages(channel)]
    threads = [reply for top in tops for reply in workspace.messages(top.channel, top.ts)[1:]]
    private = [message for person in workspace.people for message in workspace.ephemerals(person.id)]
    every = {(each.channel, each.ts): each for each in (*tops, *threads, *private) if each.user == bot}
    return [every[place] for place in sorted(every, key=lambda place: place[1])]


def answer_to(world: World, act: object) -> Message:
    """The message of the bot that comes of doing something."""
    before = {(each.channel, each.ts) for each in heard(world)}
    act()  # type: ignore[operator]  # a call
    return world.playground.workspace.wait_for(
        lambda: next((each for each in heard(world) if (each.channel, each.ts) not in before), None), 20
    )


def ask(world: World, text: str, by: str = "ana") -> Message:
    return answer_to(world, lambda: world.playground.workspace.say(by, "#deploys", f"@Quarterdeck {text}"))


def press(world: World, question: Message, button: str, by: str = "ana") -> Message:
    return answer_to(world, lambda: world.playground.workspace.press(by, question.channel, question.ts, button))


def program(world: World, *arguments: str) -> str:
    """What a call of the program writes, on both streams."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", *arguments, "--config", str(world.playground.config)],
        env=os.environ | world.playground.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.stdout + ran.stderr


def slack_texts(world: World) -> dict[str, str]:
    """Messages whole: text, blocks, buttons and all."""
    return {
        f"Slack message {each.ts}": json.dumps(asdict(each), ensure_ascii=False, default=str) for each in heard(world)
    }


def forge_texts(world: World) -> dict[str, str]:
    pulls = world.playground.repository.pulls()
    return {
        f"pull request #{pull.number}": "\n".join(
            [pull.title, pull.body, pull.branch, *(comment.body for comment in pull.comments)]
        )
        for pull in pulls
    }


def git_texts(world: World) -> dict[str, str]:
    """Messages, authors and branches of all commits."""
    return {"commits": world.git("log", "--all", "--format=%an %ae %cn %ce%n%B%D")}
