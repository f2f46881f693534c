"""Secrets, endpoints and folders from the process's environment."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from bot.config.environment import Surroundings
from bot.errors import Refusal
from bot.model.secret import AppKey, Secret

FIRST, LAST = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


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


def test_the_signing_key_has_many_lines(tmp_path: Path) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
    (tmp_path / "key").write_text(f"{key}\n")
    for given in (
        {"QUARTERDECK_SIGNING_KEY": key},
        {"QUARTERDECK_SIGNING_KEY": key.replace("\n", "\\n")},
        {"QUARTERDECK_SIGNING_KEY_FILE": str(tmp_path / "key")},
    ):
        found = Surroundings.read(given)
        assert (found.signing_key, found.secrets) == (Secret(key), (Secret(key),))
    assert Surroundings.read({}).signing_key is None


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
            "GITHUB_APP_ID": "hunter 2",
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
        "GITHUB_APP_ID is not an App's number, such as 123456, or its client id",
        "PORT is not a port: 0 to 65535",
        "QUARTERDECK_LISTEN is not host:port, such as 0.0.0.0:8080",
    ]


@pytest.mark.parametrize(("name", "why"), [("none", "No such file or directory"), ("binary", "it is not UTF-8 text")])
def test_a_secrets_file_that_cant_be_read_is_named(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    file = tmp_path / name
    assert problems({"GITHUB_TOKEN_FILE": str(file)}) == [f"GITHUB_TOKEN_FILE: {file} can't be read: {why}"]


@pytest.mark.parametrize("key", [f"{FIRST}\nabc\n{LAST}\n", f"{FIRST}\\nabc\\n{LAST}\\n"])
def test_an_apps_key_keeps_its_lines_however_it_is_given(key: str) -> None:
    found = Surroundings.read({"GITHUB_APP_ID": "123", "GITHUB_APP_PRIVATE_KEY": key})
    assert found.github_app == AppKey("123", Secret(f"{FIRST}\nabc\n{LAST}\n"))
    assert found.secrets == (Secret(f"{FIRST}\nabc\n{LAST}\n"),)
    assert "abc" not in repr(found)


def test_an_apps_key_can_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_text(f"{FIRST}\nabc\n{LAST}\n")
    given = {
        "GITHUB_APP_ID": "Iv23.abc",
        "GITHUB_APP_PRIVATE_KEY_FILE": str(file),
        "GITHUB_APP_INSTALLATION_ID": "42",
    }
    assert Surroundings.read(given).github_app == AppKey("Iv23.abc", Secret(f"{FIRST}\nabc\n{LAST}"), 42)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"GITHUB_APP_ID": "123"},
            "GITHUB_APP_PRIVATE_KEY is not set, and a GitHub App signs in with both its id and its key",
        ),
        (
            {"GITHUB_APP_PRIVATE_KEY": "k"},
            "GITHUB_APP_ID is not set, and a GitHub App signs in with both its id and its key",
        ),
        (
            {"GITHUB_APP_INSTALLATION_ID": "42"},
            "GITHUB_APP_ID is not set, and a GitHub App signs in with both its id and its key",
        ),
        (
            {"GITHUB_APP_ID": "1", "GITHUB_APP_PRIVATE_KEY": "k", "GITHUB_APP_INSTALLATION_ID": "acme"},
            "GITHUB_APP_INSTALLATION_ID is not a number; left out, it is looked up",
        ),
        (
            {"GITHUB_APP_ID": "1", "GITHUB_APP_PRIVATE_KEY": "k", "GITHUB_TOKEN": "ghp_1"},
            "GITHUB_TOKEN and GITHUB_APP_ID are both set; keep the one the bot shall sign in with",
        ),
    ],
)
def test_half_an_app_or_an_app_and_a_token_are_refused(given: dict[str, str], problem: str) -> None:
    assert problems(given) == [problem]
