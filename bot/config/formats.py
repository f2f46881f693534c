"""The forms that single values of the config take, each with the sentence for one that doesn't."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

from bot.model.address import probed, protocol
from bot.model.schedule import PERIOD, Cron

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_LOGIN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}(\[bot\])?"
_CHANNEL = r"#[^\s#@<>&,:]{1,80}|[CG][A-Z0-9]{8,}"
_PERSON = r"[UW][A-Z0-9]+|terminal"
_ADDRESS = r"[^@\s<>]+@[^@\s<>]+"
_WILD = frozenset("*?[]\\")


def _filled(text: str) -> str:
    if not text:
        raise ValueError("has no value; quote it if it begins with #")
    if not text.isprintable():
        raise ValueError("holds a line break or control character")
    return text


Text = Annotated[str, AfterValidator(_filled)]


@dataclass(frozen=True, slots=True)
class Form:
    """Values match the whole pattern; `what` completes "… is not …"."""

    pattern: str
    what: str

    def match(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"{text!r} is not {self.what}")
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.match, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, slots=True)
class _OrOne:
    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler(schema)
        return {"anyOf": [described["items"], described]}


def _listed(value: object) -> object:
    if value == "":
        return []
    return [value] if isinstance(value, (str, dict)) else value


T = TypeVar("T")
K = TypeVar("K")
Listed = Annotated[list[T], BeforeValidator(_listed), _OrOne()]
"""One or a list of them."""
Mapped = Annotated[dict[K, T], BeforeValidator(lambda found: {} if found == "" else found)]
"""A mapping; nothing at all is an empty one."""


def _repository(url: str) -> str:
    protocol(url)
    return url


PLACEHOLDERS = ("{service}", "{environment}", "{version}")


def _placed(text: str) -> str:
    """The text with a letter for each placeholder."""
    for each in PLACEHOLDERS:
        text = text.replace(each, "x")
    if "{" in text or "}" in text:
        raise ValueError(f"has braces other than {', '.join(PLACEHOLDERS)}")
    return text


def _probe_url(url: str) -> str:
    probed(_placed(url))
    # Whoever may name a version must not thereby name the host that is asked.
    if "{version}" in url.split("/")[2]:
        raise ValueError("has {version} in the host's name; it belongs behind it")
    return url


def _prometheus(url: str) -> str:
    probed(url, alone=True)
    return url.rstrip("/")


def _job(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", _placed(name)):
        raise ValueError(f"{name!r} is not a Job's name")
    return name


def _branch(name: str) -> str:
    # The rules of git-check-ref-format(1) that a typing error can meet.
    parts = name.split("/")
    if (
        name.startswith("-")
        or any(not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts)
        or any(sign in name for sign in (" ", "~", "^", ":", "?", "*", "[", "\\", "..", "@{"))
    ):
        raise ValueError(f"{name!r} is not a branch's name")
    return name


def _template(path: str) -> str:
    path = path.rstrip("/")
    if "{service}" not in path:
        raise ValueError(f"{path!r} has no {{service}}, which stands for the service's name")
    if "{" in path.replace("{service}", "") or "}" in path.replace("{service}", ""):
        raise ValueError(f"{path!r} has braces other than {{service}}")
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise ValueError(f"{path!r} must be relative to the repository's root, without . or ..")
    if _WILD & set(path):
        raise ValueError(f"{path!r} has a wildcard or a backslash; only {{service}} varies")
    return path


def _cron(line: str) -> str:
    Cron.parse(line)
    return line


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone such as Europe/Berlin") from None
    return name


def _version(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is neither semver nor a regular expression ({error})") from None
    return text


def _flag(value: object) -> object:
    if value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value == "true"


def _pointer(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is not a JSON pointer such as /spec/replicas")
    return text


def _folders(pattern: str) -> str:
    pattern = pattern.rstrip("/")
    if any(part in {"", ".", "..", "**"} for part in pattern.split("/")) or "\\" in pattern:
        raise ValueError(f"{pattern!r} is not a folder from the repository's root, where * is any part of a name")
    return pattern


def _glob(pattern: str) -> str:
    if any(sign.isspace() or sign == "@" for sign in pattern):
        raise ValueError(f"{pattern!r} is not an image's name, where * stands for anything")
    return pattern


Name = Annotated[Text, Form(_NAME, "a name: letters, digits, dots, dashes and underscores")]
Login = Annotated[Text, Form(_LOGIN, "a GitHub login")]
Reviewer = Annotated[Text, Form(f"{_LOGIN}(/{_NAME})?", "a GitHub login (ana) or team (acme/sre)")]
Channel = Annotated[Text, Form(_CHANNEL, "a channel such as #deploys, or its id")]
PersonId = Annotated[Text, Form(_PERSON, "a Slack user id such as U123ABC, or terminal")]
Email = Annotated[Text, Form(_ADDRESS, "an e-mail address")]
AuthorName = Annotated[Text, Form(r"[^<>\s](?:[^<>]*[^<>\s])?", "a commit author's name")]
Label = Annotated[Text, Form(r"[^,]{1,50}", "a label: up to 50 characters, without commas")]
Source = Annotated[Text, Form(f"{_NAME}/{_NAME}", "a repository as owner/name")]
Flag = Annotated[bool, BeforeValidator(_flag)]
RepositoryUrl = Annotated[Text, AfterValidator(_repository)]
ProbeUrl = Annotated[Text, AfterValidator(_probe_url)]
Endpoint = Annotated[Text, AfterValidator(_prometheus)]
JobName = Annotated[Text, AfterValidator(_job)]
Branch = Annotated[Text, AfterValidator(_branch)]
Template = Annotated[Text, AfterValidator(_template)]
Period = Annotated[Text, Form(PERIOD, "a duration such as 30s, 5m or 1h30m")]
Jitter = Annotated[Text, Form(f"0s|{PERIOD}", "a duration such as 30s, or 0s for none")]
CronLine = Annotated[Text, AfterValidator(_cron)]
Zone = Annotated[Text, AfterValidator(_zone)]
VersionForm = Annotated[Text, AfterValidator(_version)]
Pointer = Annotated[Text, AfterValidator(_pointer)]
FolderGlob = Annotated[Text, AfterValidator(_folders)]
ImageGlob = Annotated[Text, AfterValidator(_glob)]
PinPath = Annotated[
    Text, Form(r"(?:[^.\[\]]+|\[\d+\])(?:\.[^.\[\]]+|\[\d+\])*", "a place such as image.tag or images[0].tag")
]
FilePath = Annotated[Text, Form(r"[^/\\](?:[^\\]*[^/\\])?", "a file's path from the service's folder")]
