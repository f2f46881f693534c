"""A bare Git repository beside a clone of it, and the bot of a small config on it: no Slack, forge or cluster."""

import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import commands
from bot.app import App
from bot.command import discover
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.model.reply import Reply
from bot.model.request import Actor, Message, Place

CONFIG = """\
repositories: {config: {url: gitops.git}}
environments:
  staging: {path: "environments/staging/{service}", change: push}
  production: {path: "environments/production/{service}", change: push, aliases: [prod]}
"""
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "Hana" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "hana@example.com" for role in ("AUTHOR", "COMMITTER")},
}


class Bare:
    """`folder` gets the repository (gitops.git), a clone for people's own commits, the config and the bot's data."""

    def __init__(self, folder: Path, files: Mapping[str, str | bytes], config: str = CONFIG) -> None:
        self.folder = folder
        self.repository = folder / "gitops.git"
        self.clone = folder / "clone"
        self.config = folder / "quarterdeck.yaml"
        self.config.write_text(config.replace("gitops.git", str(self.repository)))
        self.variables = {"QUARTERDECK_DATA": str(folder / "data")}
        self._run("init", "--quiet", "--bare", "--initial-branch=main", str(self.repository))
        self._run("init", "--quiet", "--initial-branch=main", str(self.clone))
        self.work("remote", "add", "origin", str(self.repository))
        self.commit(files, "Begin")

    def say(self, text: str, *, dry_run: bool = False, yes: bool = False) -> Reply:
        """One command to a bot that has just started, as `quarterdeck say` gives it."""
        with App(load(self.config, discover(commands).commands), Surroundings.read(self.variables)) as app:
            message = Message(f"say:{uuid.uuid4()}", text, Actor("terminal", "root"), Place(), datetime.now(UTC))
            return app.conversation.hear(message, dry_run=dry_run, yes=yes).reply

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """The program itself, running."""
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments, "--config", str(self.config)],
            env=os.environ | self.variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def git(self, *arguments: str) -> str:
        """What git says of the bare repository."""
        return self._run("-C", str(self.repository), *arguments)

    def work(self, *arguments: str) -> str:
        """A git command of a person in their clone."""
        return self._run("-C", str(self.clone), *arguments)

    def write(self, files: Mapping[str, str | bytes], subject: str) -> None:
        """A commit in the clone."""
        for name, content in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.work("add", "--all")
        self.work("commit", "--quiet", "--message", subject)

    def commit(self, files: Mapping[str, str | bytes], subject: str) -> None:
        """A commit on main, on top of what others pushed."""
        if self.git("branch"):
            self.work("pull", "--quiet", "--ff-only", "origin", "main")
        self.write(files, subject)
        self.push()

    def push(self) -> None:
        self.work("push", "--quiet", "--force", "origin", "HEAD:main")

    def changed(self, since: str = "main~1") -> list[str]:
        """The lines that came and went."""
        shown = self.git("diff", "--unified=0", since, "main").splitlines()
        return [line for line in shown if line[:1] in {"+", "-"} and not line.startswith(("+++", "---"))]

    def _run(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["git", *arguments], env=os.environ | _GIT, check=True, capture_output=True, text=True, timeout=60
        )
        return ran.stdout.strip()
