"""Secrets, endpoints and folders from the process's environment."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from bot.config.environment import Surroundings
from bot.errors import Refusal
from bot.model.secret import Secret


def problems(variables: dict[str, str]) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        Surroundings.read(variables)
    return str(refusal.value).splitlines()


def test_nothing_set_means_the_state_folder_and_the_public_services(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    assert Surroundings.read(state) == Surroundings(
        data=tmp_path / "quarterdeck",
        database_url=Secret(f"sqlite:///{tmp_path}/quarterdeck/quarterdeck.db"),
        slack_bot_token=None,
        slack_app_token=None,
        slack_signing_secret=None,
        slack_api_url="https://slack.com/api",
        github_token=None,
        github_api_url="https://api.github.com",
        kubeconfig=None,
        listen=("127.0.0.1", 8080),
    )


def test_a_relative_state_folder_is_ignored() -> None:
    home = Path("~/.local/state/quarterdeck").expanduser()
    assert Surroundings.read({"XDG_STATE_HOME": "state"}).data == home
    assert Surroundings.read({}).data == home


def test_everything_set(tmp_path: Path) -> None:
    found = Surroundings.read(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_SIGNING_SECRET": "s1",
            "SLACK_API_URL": "http://127.0.0.1:8000/slack/api/",
            "GITHUB_TOKEN": "ghp_1",
            "GITHUB_API_URL": "https://github.example.com/api/v3",
            "KUBECONFIG": "/etc/kubeconfig",
            "QUARTERDECK_DATABASE_URL": "sqlite:////srv/deck.db",
            "QUARTERDECK_DATA": str(tmp_path),
            "QUARTERDECK_LISTEN": "[::1]:0",
            "PORT": "9000",
        }
    )
    assert found == Surroundings(
        tmp_path,
        Secret("sqlite:////srv/deck.db"),
        Secret("xoxb-1"),
        Secret("xapp-1"),
        Secret("s1"),
        "http://127.0.0.1:8000/slack/api",
        Secret("ghp_1"),
        "https://github.example.com/api/v3",
        "/etc/kubeconfig",
        ("::1", 0),
    )
    assert found.secrets == (Secret("xoxb-1"), Secret("xapp-1"), Secret("s1"), Secret("ghp_1"))
    assert "ghp_1" not in repr(found)


def test_a_port_alone_is_reached_from_outside() -> None:
    assert Surroundings.read({"PORT": "9000"}).listen[1] == 9000
    assert Surroundings.read({"PORT": "9000"}).listen[0] == str(IPv4Address(0))


def test_a_secret_can_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("ghp_1\n")
    assert Surroundings.read({"GITHUB_TOKEN_FILE": str(file)}).github_token == Secret("ghp_1")


def test_every_problem_is_said_and_no_value(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    found = problems(
        {
            "SLACK_BOT_TOKEN": "xapp-hunter2",
            "SLACK_APP_TOKEN": "xapp-hunter2\nx",
            "SLACK_SIGNING_SECRET_FILE": str(tmp_path / "empty"),
            "SLACK_API_URL": "http://slack.example.com/hunter2",
            "GITHUB_TOKEN": "hunter2",
            "GITHUB_TOKEN_FILE": "/run/token",
            "GITHUB_API_URL": "https://ana:hunter2@github.example.com",
            "QUARTERDECK_DATABASE_URL": "postgresql://ana:hunter2@db/deck",
            "QUARTERDECK_LISTEN": "hunter2",
            "PORT": "99999",
            "GITHUB_APP_ID": "1",
            "GITHUB_APP_PRIVATE_KEY": "hunter2",
        }
    )
    assert found == [
        "QUARTERDECK_DATABASE_URL must begin with 'sqlite:'; another value stands there",
        "SLACK_BOT_TOKEN must begin with 'xoxb-'; another value stands there",
        "SLACK_APP_TOKEN holds a space, line break or control character",
        f"SLACK_SIGNING_SECRET_FILE: {tmp_path}/empty is empty",
        "SLACK_API_URL must begin with https:// (plain http is for this machine alone)",
        "GITHUB_TOKEN and GITHUB_TOKEN_FILE are both set; keep one",
        "GITHUB_API_URL must be an address alone: no credentials, no ? or # part",
        "PORT is not a port: 0 to 65535",
        "QUARTERDECK_LISTEN is not host:port, such as 0.0.0.0:8080",
        "GITHUB_APP_ID is not supported yet; set GITHUB_TOKEN instead",
        "GITHUB_APP_PRIVATE_KEY is not supported yet; set GITHUB_TOKEN instead",
    ]


@pytest.mark.parametrize(("name", "why"), [("none", "No such file or directory"), ("binary", "it is not UTF-8 text")])
def test_a_secrets_file_that_cant_be_read_is_named(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    file = tmp_path / name
    assert problems({"GITHUB_TOKEN_FILE": str(file)}) == [f"GITHUB_TOKEN_FILE: {file} can't be read: {why}"]
