"""A real bare repository and people who push to it, with nothing of this machine's git configuration."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.model.change import Author

BOT = Author("Quarterdeck", "bot@example.com")
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def git(folder: Path, *arguments: str, stdin: bytes = b"", who: str = "Ana <ana@example.com>") -> str:
    name, _, email = who.rstrip(">").partition(" <")
    env = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-c", "core.fsync=none", *arguments],
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"git {arguments}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="surrogateescape").strip()


@dataclass(frozen=True)
class Upstream:
    """`bare` is what the bot is pointed at; `work` is where a person commits before pushing."""

    bare: Path
    work: Path

    def git(self, *arguments: str, **options: str) -> str:
        return git(self.work, *arguments, **options)

    def write(self, files: dict[str, bytes | None]) -> None:
        for name, data in files.items():
            path = self.work / name
            if data is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def commit(
        self, files: dict[str, bytes | None], message: str = "Change", who: str = "Ana <ana@example.com>"
    ) -> str:
        """One commit with these files on the branch checked out in `work`."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who)
        return self.git("rev-parse", "HEAD")

    def push(self, *arguments: str) -> None:
        self.git("push", "-q", "origin", *(arguments or ("main",)))

    def ref(self, branch: str = "main") -> str:
        return git(self.bare, "rev-parse", f"refs/heads/{branch}")
