"""Replies on a terminal: nothing in them steers it, and scripts get what docs/json.md says."""

import io
import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import pull

from bot import cli, terminal
from bot.model.reply import Choice, Layout, Mark, Outcome, Reply, Section, Step

DOCS = (Path(__file__).parents[2] / "docs/json.md").read_text()
NASTY = "\x1b]0;owned\x07 \x9b31m \u202e\r \x00 \udcff \u2028"


def test_a_reply_as_text() -> None:
    reply = Reply(
        Outcome.OPENED,
        "Done.",
        (
            Section("Mind this."),
            Section("+a\n\n-b", Layout.CODE),
            Section(layout=Layout.TABLE, rows=(("Service", "Git"), ("api", "v1"))),
            Section(layout=Layout.STEPS, steps=(Step("Merge", Mark.NOW),)),
        ),
        (Choice("Open #1", url="https://x.example/1"), Choice("Cancel", action="cancel")),
    )
    assert terminal.plain(reply) == (
        "Done.\nMind this.\n  +a\n\n  -b\n  Service  Git\n  -------  ---\n  api      v1\nOpen #1: https://x.example/1"
    )


def test_what_needs_a_yes_says_how_to_give_it() -> None:
    reply = Reply(Outcome.CONFIRM, "Go on?", choices=(Choice("Promote", action="confirm", value="1"),))
    assert terminal.plain(reply) == "Go on?\nNothing was done yet. Say it again with --yes to confirm."


@given(st.text(st.characters(codec=None)))
def test_no_text_steers_a_terminal(text: str) -> None:
    reply = Reply(
        Outcome.ANSWERED,
        text,
        (Section(text), Section(text, Layout.CODE), Section(layout=Layout.TABLE, rows=((text,), (text, text)))),
        (Choice(text, url=f"https://{text}"),),
    )
    for shown in (terminal.plain(reply), terminal.as_json(reply)):
        assert all(character.isprintable() for line in shown.split("\n") for character in line)
        shown.encode()


@given(st.text(st.characters(codec=None)))
def test_json_keeps_every_character(text: str) -> None:
    assert json.loads(terminal.as_json(Reply(Outcome.ANSWERED, text)))["text"] == text


def test_json_has_the_fields_of_its_schema() -> None:
    opened = pull("quarterdeck/promote/a/b/v1", number=12)
    reply = Reply(Outcome.OPENED, "Déjà.", (Section("x"),), pull=opened, commit="c", data={"services": []})
    assert json.loads(terminal.as_json(reply)) == {
        "schema": "quarterdeck/reply/v1",
        "outcome": "opened",
        "text": "Déjà.",
        "pull": {"number": 12, "url": "https://github.example/pull/12", "branch": "quarterdeck/promote/a/b/v1"},
        "commit": "c",
        "data": {"services": []},
    }
    assert "Déjà" in terminal.as_json(reply)
    empty = json.loads(terminal.as_json(Reply(Outcome.ANSWERED, "x")))
    assert [empty["pull"], empty["commit"], empty["data"]] == [None, None, None]


def test_the_docs_name_every_field_and_every_outcome() -> None:
    fields = re.findall(r"^\| `(\w+)` \|", DOCS.partition("Of a release")[0], re.MULTILINE)
    assert fields == list(json.loads(terminal.as_json(Reply(Outcome.ANSWERED, "x"))))
    (row,) = (line for line in DOCS.splitlines() if line.startswith("| `outcome`"))
    assert set(re.findall(r"`([a-z]+)`", row)) - {"outcome"} == set(Outcome)


def test_exit_statuses_are_those_of_the_docs() -> None:
    statuses = {outcome: terminal.STATUS.get(outcome, 0) for outcome in Outcome}
    assert {outcome for outcome, status in statuses.items() if status == 1} == {
        Outcome.REFUSED,
        Outcome.MISUNDERSTOOD,
        Outcome.CONTESTED,
        Outcome.CONFIRM,
    }
    assert {outcome for outcome, status in statuses.items() if status == 2} == {Outcome.FAILED}
    assert "1 for refused, misunderstood, contested and confirm; 2 for failed." in DOCS


def test_progress_is_shown_on_terminals_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    piped, shown = io.StringIO(), Terminal()
    for stream in (piped, shown):
        with terminal.progress("Working", stream) as told:
            told("rendered", 812, 1500)
            time.sleep(0.3)
    assert "Working: rendered 812 of 1,500" in shown.getvalue()
    assert piped.getvalue() == ""
    assert shown.getvalue().endswith("\r\x1b[K"), "the line is left clean"


@pytest.fixture
def log() -> Iterator[None]:
    """The program sends the log to its own standard error, which is the test's alone here."""
    root, ours = logging.getLogger(), logging.getLogger("bot")
    before, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = before
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("call", [["say", "status"], ["drift"], ["check"], ["serve"]])
def test_a_config_that_is_not_there_ends_in_a_sentence(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / f"{NASTY[0]}[31m.yaml"
    assert cli.main([*call, "--config", str(missing)]) == (1 if call[0] in {"say", "check"} else 2)
    said = "".join(capsys.readouterr())
    assert "Traceback" not in said
    assert all(character.isprintable() for line in said.split("\n") for character in line)


@pytest.mark.usefixtures("log")
def test_what_check_finds_in_a_repository_cannot_steer_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "repository/apps/payment"
    folder.mkdir(parents=True)
    (folder / "a\x1b[31m.yaml").write_text("image: [\n")
    (tmp_path / "quarterdeck.yaml").write_text(
        'repositories: {config: {url: /srv/x}}\nenvironments: {staging: {path: "apps/{service}", change: push}}\n'
    )
    found = cli.main(["check", "--config", str(tmp_path / "quarterdeck.yaml"), str(tmp_path / "repository")])
    said = capsys.readouterr().out
    assert found == 1
    assert said.startswith("payment in staging: apps/payment/a[31m.yaml:2:1 is not YAML")


@pytest.mark.skipif(sys.platform == "win32", reason="arguments there are no bytes")
def test_usage_errors_are_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["promote"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
