"""The program from a cold start: `quarterdeck say "status"` until the shell has its prompt back."""

from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, alternately, timed
from bench.stage import PROGRAMS, git_login, playground, run, script
from bot.playground.playground import REPOSITORY

TIMES = 7
CONFIG = """\
repositories: {{config: {{url: {url}}}}}
environments:
  staging: {{path: "environments/staging/{{service}}"}}
  production: {{path: "environments/production/{{service}}"}}
"""


def measure(folder: Path) -> Iterator[Figure]:
    with playground(folder / "starting") as place:
        token = place.github.people["ana"].token.reveal()
        given = {"URL": place.github.clone_url(REPOSITORY), "KUBECONFIG": str(place.kubeconfig)}
        say = (PROGRAMS / "quarterdeck", "say", "status", "--config")
        ours, theirs = alternately(
            TIMES,
            lambda: timed(lambda: run((*say, place.config), place.environment)),
            lambda: timed(lambda: script("status", git_login(token) | given)),
        )
        yield Figure('say "status", 2 clusters', ours, "kubectl get twice, git ls-remote", theirs, 1.5)
        alone = folder / "alone.yaml"
        alone.write_text(CONFIG.format(url=place.repository.bare.path), encoding="utf-8")
        grep = ("git", "-C", place.repository.bare.path, "grep", "newTag", "main", "--", "environments")
        ours, theirs = alternately(
            TIMES,
            lambda: timed(lambda: run((*say, alone), {"QUARTERDECK_DATA": str(folder / "alone")})),
            lambda: timed(lambda: run(grep, {})),
        )
        yield Figure('say "status", a local repository alone', ours, "git grep newTag", theirs, 1.5)
