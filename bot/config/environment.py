"""What the process's environment says: secrets, endpoints and folders, none of which belongs into a file in Git."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.errors import Refusal
from bot.model.address import endpoint
from bot.model.secret import AppKey, Secret

T = TypeVar("T")

_SLACK = "https://slack.com/api"
_GITHUB = "https://api.github.com"
_LISTEN = ("127.0.0.1", 8080)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`data` is the folder for mirrors, renders and the store; `listen` is where HTTP mode answers."""

    data: Path
    database_url: Secret
    slack_bot_token: Secret | None = None
    slack_app_token: Secret | None = None
    slack_signing_secret: Secret | None = None
    slack_api_url: str = _SLACK
    github_token: Secret | None = None
    github_api_url: str = _GITHUB
    kubeconfig: str | None = None
    listen: tuple[str, int] = _LISTEN
    signing_key: Secret | None = None
    github_app: AppKey | None = None
    github_webhook_secret: Secret | None = None
    prometheus_token: Secret | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything that must not be seen, for the log's filter."""
        key = self.github_app.private_key if self.github_app else None
        held = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.github_token, key)
        more = (self.signing_key, self.github_webhook_secret, self.prometheus_token)
        return tuple(secret for secret in (*held, *more) if secret is not None)

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Surroundings":
        """Refusal with every problem, one a line; values are never repeated in it."""
        reader = _Reader(variables, [])
        folder = Path(variables.get("QUARTERDECK_DATA") or _state_folder(variables)).expanduser().absolute()
        database = reader.secret("QUARTERDECK_DATABASE_URL", "sqlite:")
        found = cls(
            data=folder,
            database_url=database or Secret(f"sqlite:///{folder / 'quarterdeck.db'}"),
            slack_bot_token=reader.secret("SLACK_BOT_TOKEN", "xoxb-"),
            slack_app_token=reader.secret("SLACK_APP_TOKEN", "xapp-"),
            slack_signing_secret=reader.secret("SLACK_SIGNING_SECRET"),
            slack_api_url=reader.converted("SLACK_API_URL", endpoint, _SLACK),
            github_token=reader.secret("GITHUB_TOKEN"),
            signing_key=reader.key("QUARTERDECK_SIGNING_KEY"),
            github_api_url=reader.converted("GITHUB_API_URL", endpoint, _GITHUB),
            kubeconfig=variables.get("KUBECONFIG") or None,
            github_app=reader.app_key(),
            github_webhook_secret=reader.secret("GITHUB_WEBHOOK_SECRET"),
            prometheus_token=reader.secret("PROMETHEUS_TOKEN"),
            listen=reader.converted("QUARTERDECK_LISTEN", _listen, reader.converted("PORT", _port, _LISTEN)),
        )
        if found.github_app and found.github_token:
            reader.problems.append(
                "GITHUB_TOKEN and GITHUB_APP_ID are both set; keep the one the bot shall sign in with"
            )
        if reader.problems:
            raise Refusal("\n".join(reader.problems))
        return found


@dataclass(frozen=True, slots=True)
class _Reader:
    variables: Mapping[str, str]
    problems: list[str]

    def secret(self, name: str, prefix: str = "") -> Secret | None:
        value = self._value(name)
        if not value:
            return None
        if not value.isprintable() or " " in value:
            self.problems.append(f"{name} holds a space, line break or control character")
        elif not value.startswith(prefix):
            self.problems.append(f"{name} must begin with {prefix!r}; another value stands there")
        return Secret(value)

    def app_key(self) -> AppKey | None:
        """Multi-line keys survive environments that only take one line, with `\\n` in it."""
        app, key = self.variables.get("GITHUB_APP_ID"), self._value("GITHUB_APP_PRIVATE_KEY")
        installation = self.variables.get("GITHUB_APP_INSTALLATION_ID")
        if not (app or key or installation):
            return None
        if not (app and key):
            missing = "GITHUB_APP_PRIVATE_KEY" if app else "GITHUB_APP_ID"
            self.problems.append(f"{missing} is not set, and a GitHub App signs in with both its id and its key")
        elif not re.fullmatch("[A-Za-z0-9.]+", app):
            self.problems.append("GITHUB_APP_ID is not an App's number, such as 123456, or its client id")
        elif installation and not re.fullmatch("[0-9]+", installation):
            self.problems.append("GITHUB_APP_INSTALLATION_ID is not a number; left out, it is looked up")
        else:
            return AppKey(app, Secret(key.replace("\\n", "\n")), int(installation) if installation else None)
        return None

    def key(self, name: str) -> Secret | None:
        """Of many lines; what only takes one line may hold `\\n` between them."""
        value = self._value(name)
        return Secret(value.replace("\\n", "\n")) if value else None

    def converted(self, name: str, convert: Callable[[str], T], default: T) -> T:
        try:
            return convert(value) if (value := self.variables.get(name)) else default
        except ValueError as error:
            self.problems.append(f"{name} {error}")
            return default

    def _value(self, name: str) -> str | None:
        file = self.variables.get(f"{name}_FILE")
        if not file:
            return self.variables.get(name)
        if self.variables.get(name):
            self.problems.append(f"{name} and {name}_FILE are both set; keep one")
            return None
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self.problems.append(f"{name}_FILE: {file} can't be read: {why}")
            return None
        if not value:
            self.problems.append(f"{name}_FILE: {file} is empty")
        return value


def _state_folder(variables: Mapping[str, str]) -> Path:
    # The XDG base directory specification: a relative path is to be ignored.
    state = Path(variables.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path("~/.local/state")) / "quarterdeck"


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError("is not host:port, such as 0.0.0.0:8080")
    return host.strip("[]"), _port(port)[1]


def _port(text: str) -> tuple[str, int]:
    """Platforms that set PORT route to it from outside the container."""
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise ValueError("is not a port: 0 to 65535")
    return "0.0.0.0", int(text)  # noqa: S104 - see above
