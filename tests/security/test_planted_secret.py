"""Secrets planted everywhere, the whole bot used and broken in every way, and then looked for in all that it left."""

import base64
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from security.asking import ask, forge_texts, git_texts, heard, press, program, slack_texts
from world import World, world

from bot.playground.github import faults
from bot.playground.kubernetes import Cluster
from bot.playground.kubernetes.kinds import FLUX
from bot.playground.kubernetes.objects import Json

IN_GIT, FORMER, IN_CLUSTER, LITERAL = "hunter2-as-Git-says", "hunter1-as-it-was", "hunter3-by-hand", "hunter4-literal"
PULLED, SEALED, APPLIED, COPIED = "hunter5-to-pull", "hunter6-unsealed", "hunter7-as-applied", "hunter8-in-a-note"
ENGINE, LOGGED = "hunter9-by-the-engine", "correct-horse"
"""What others tell: the last is what the playground's containers log of their database."""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: payment-keys}
stringData:
  password: %s
"""
MORE = f"""\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    type: kubernetes.io/dockerconfigjson
    metadata: {{name: payment-pull}}
    stringData: {{.dockerconfigjson: '{{"auths": {{"registry.example": {{"auth": "{PULLED}"}}}}}}'}}
---
apiVersion: v1
kind: Secret
metadata: {{name: payment-sealed}}
data: {{token: "ENC[AES256_GCM,data:Zm9v,iv:YQ==,tag:YQ==,type:str]"}}
sops: {{version: 3.9.0}}
"""
KUSTOMIZATIONS = FLUX[1]
STAGING, PRODUCTION = "environments/staging/payment", "environments/production/payment"


def encodings(secret: str) -> set[str]:
    """A secret as it may be met: as it is, in base64 at each alignment, and quoted."""
    raw = secret.encode()
    shifted = {base64.b64encode(b"\0" * shift + raw).decode()[4 if shift else 0 : -4] for shift in range(3)}
    return {secret, quote(secret, safe=""), base64.b64encode(raw).decode(), raw.hex(), *shifted}


class Watch(logging.Handler):
    """The log before any masking: rooms hand no secret over in the first place."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("bot") or record.levelno >= logging.WARNING:
            self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[Watch]:
    watch = Watch()
    root = logging.getLogger()
    before = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    yield watch
    root.setLevel(before)
    root.removeHandler(watch)


@pytest.fixture
def argv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the arguments of every git that is started."""
    git, said = shutil.which("git"), tmp_path / "argv"
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nprintf "%s " "$@" >> {said}; echo >> {said}\nexec {git} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    return said


def plant(made: World) -> None:
    """A Secret in Git whose value changed together with a version, another value in the cluster, and a literal."""
    ana = made.playground.github.people["ana"]

    def kustomization(folder: str) -> str:
        text = made.git("show", f"main:{folder}/kustomization.yaml")
        generator = f"secretGenerator:\n  - name: token\n    literals: [token={LITERAL}]\n"
        return text.replace("base/payment\n", "base/payment\n  - keys.yaml\n  - more.yaml\n").replace(
            "images:\n", f"{generator}images:\n"
        )

    with_keys = {folder: kustomization(folder) for folder in (STAGING, PRODUCTION)}
    for folder, text in with_keys.items():
        keys = (SECRET % FORMER).encode()
        files = {"kustomization.yaml": text.encode(), "keys.yaml": keys, "more.yaml": MORE.encode()}
        made.commit(ana, {f"{folder}/{name}": content for name, content in files.items()}, "Give it keys")
    moved = with_keys[STAGING].replace("v1.3.0", "v1.4.0").encode()
    keys = (SECRET % IN_GIT).encode()
    made.commit(
        ana, {f"{STAGING}/kustomization.yaml": moved, f"{STAGING}/keys.yaml": keys}, "Move payment, change keys"
    )
    made.follow()
    for context in ("staging", "production"):
        patch = json.dumps({"stringData": {"password": IN_CLUSTER}})
        kubectl(made, "--context", context, "-n", "shop", "patch", "secret", "payment-keys", "-p", patch)
        applied = json.dumps({"kind": "Secret", "stringData": {"password": APPLIED}})
        notes = {"kubectl.kubernetes.io/last-applied-configuration": applied, "backup": COPIED}
        for name, change in {
            "payment-keys": {"metadata": {"annotations": notes}},
            "payment-pull": {"type": "kubernetes.io/dockerconfigjson", "stringData": {"more": IN_CLUSTER}},
            "payment-sealed": {"stringData": {"token": SEALED, "more": SEALED}},
        }.items():
            kubectl(made, "--context", context, "-n", "shop", "patch", "secret", name, "-p", json.dumps(change))


def kubectl(made: World, *arguments: str) -> None:
    program = Path(sys.prefix, "bin/kubectl")
    command = [str(program), "--kubeconfig", str(made.playground.kubeconfig), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def fail(made: World) -> None:
    """A version fails, and its engine and its log say why."""
    ask(made, "promote payment v1.5.0-crash to staging")
    made.follow()
    cluster = made.playground.clusters["staging"]
    assert isinstance(cluster, Cluster)

    def told(live: Json) -> Json:
        wrong = {"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": f"token: {ENGINE}"}
        return {**live, "status": {**live["status"], "conditions": [wrong]}}

    cluster.objects.edit(KUSTOMIZATIONS, "flux-system", "payment", told, part="status", manager="kustomize-controller")
    for _ in range(4):
        made.clock.passes(timedelta(seconds=50))
        made.follower.run(made.clock.now())
    made.app.duties(made.slack.chat).watch().run(made.clock.now())
    ask(made, "status payment in staging")
    told_of = "\n".join(slack_texts(made).values())
    assert "did not become healthy: token: …" in told_of, "its engine is quoted"
    assert "panic: migration 42 failed" in told_of, "its log is"


def use(made: World) -> list[str]:
    """Everything that a person can ask, and every way in which the world can be out of order."""
    playground = made.playground
    written = []
    question = ask(made, "rollback payment in staging")
    assert question.buttons, question.text
    written += [program(made, "say", "rollback payment in staging", "--as", "ana", "--dry-run")]
    press(made, question, "Roll back")
    for text in (
        "promote payment v1.3.0 to prod",
        "promote payment v1.9.0 to prod",
        "status",
        "drift",
        "history payment",
    ):
        ask(made, text)
    for text in ("drift show payment in prod", "drift adopt payment in prod", "drift ignore payment in prod"):
        ask(made, text, "ben")
    written += [program(made, "drift", "--json"), program(made, "say", "drift show payment in prod")]
    for name in ("staging", "production"):
        check = made.app.duties(made.slack.chat).drift_check(name)
        assert check is not None
        for _ in range(2):
            check.run(made.clock.now())
    fail(made)
    echo = " ".join([playground.bot.token.reveal(), IN_CLUSTER])
    for status in (401, 422, 500):
        playground.github.faults.plan(faults.error(status, echo))
        ask(made, "promote worker v0.9.1 to prod")
    for name in ("staging", "production"):
        playground.clusters[name].fail(503)
    ask(made, "drift")
    for name in ("staging", "production"):
        playground.clusters[name].recover()
    bad = made.git("show", f"main:{PRODUCTION}/kustomization.yaml").replace(f"token={LITERAL}", LITERAL)
    made.commit(playground.github.people["ana"], {f"{PRODUCTION}/kustomization.yaml": bad.encode()}, "Break it")
    ask(made, "status payment in prod")
    bare = playground.repository.bare.path
    bare.rename(bare.with_suffix(".away"))
    for text in ("status", "promote payment v2.0.0 to prod"):
        ask(made, text)
    written += [program(made, "say", "history payment", "--json")]
    bare.with_suffix(".away").rename(bare)
    return written


@pytest.mark.timeout(180)
def test_no_planted_secret_is_met_anywhere(tmp_path: Path, log: Watch, argv: Path) -> None:
    with world(tmp_path / "world") as made:
        playground = made.playground
        plant(made)
        written = use(made)
        tokens = {name: value for name, value in playground.environment.items() if name.endswith("TOKEN")}
        tokens |= {f"token of {login}": person.token.reveal() for login, person in playground.github.people.items()}
        tokens |= {"token of the page": playground.token, "token of the clusters": playground._cluster_token}
        secrets = {name: name for name in (IN_GIT, FORMER, IN_CLUSTER, LITERAL, PULLED, SEALED, APPLIED, COPIED)}
        secrets |= {name: name for name in (ENGINE, LOGGED)}
        texts = slack_texts(made) | forge_texts(made) | git_texts(made)
        assert len(heard(made)) > 12
        assert len(playground.repository.pulls()) >= 1
    texts |= {f"output {number}": text for number, text in enumerate(written)}
    texts |= {"the log": "\n".join(log.lines), "arguments of git": argv.read_text()}
    assert "fetch" in texts["arguments of git"]
    assert any("password" in text and "***" in text for text in texts.values()), "the difference itself is told"
    for name in ("payment-keys", "payment-pull", "payment-sealed"):
        assert any(f"Secret shop/{name}" in text for text in written), name
    data = tmp_path / "world/data"
    renders = [path for path in (data / "renders").rglob("*") if path.is_file()]
    assert renders
    assert {stat.S_IMODE(path.stat().st_mode) for path in renders} == {0o600}, "they hold what Git holds"
    stored = [path for path in data.rglob("*") if path.is_file() and path not in renders]
    assert any(path.name == "quarterdeck.db" for path in stored)
    texts |= {str(path.relative_to(data)): path.read_bytes().decode("latin-1") for path in stored}
    met = {
        (place, name)
        for place, text in texts.items()
        for name, secret in (tokens | secrets).items()
        if any(each in text for each in encodings(secret))
    }
    assert met == set()
