"""The blocks and elements of Block Kit that this workspace takes, with Slack's limits (docs.slack.dev, "Blocks").

Strict on purpose: what is not modelled here is refused, as Slack refuses what it doesn't know. Limits across blocks
are in `block_kit`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _upto(most: int) -> Any:
    """A text that must be there, with at most so many characters."""
    return Field(min_length=1, max_length=most)


Name = Annotated[str, Field(max_length=255)]


class PlainText(_Part):
    type: Literal["plain_text"]
    text: str = _upto(3000)
    emoji: bool | None = None


class Mrkdwn(_Part):
    type: Literal["mrkdwn"]
    text: str = _upto(3000)
    verbatim: bool | None = None


Text = Annotated[PlainText | Mrkdwn, Field(discriminator="type")]


class Short(PlainText):
    text: str = _upto(30)


class Label(PlainText):
    text: str = _upto(75)


class Title(PlainText):
    text: str = _upto(100)


class Heading(PlainText):
    text: str = _upto(150)


class Question(_Part):
    type: Literal["plain_text", "mrkdwn"]
    text: str = _upto(300)


class FieldText(_Part):
    type: Literal["plain_text", "mrkdwn"]
    text: str = _upto(2000)
    emoji: bool | None = None
    verbatim: bool | None = None


class Confirm(_Part):
    title: Title
    text: Question
    confirm: Short
    deny: Short
    style: Literal["primary", "danger"] | None = None


class Button(_Part):
    type: Literal["button"]
    text: Label
    action_id: Name | None = None
    url: Annotated[str, _upto(3000)] | None = None
    value: Annotated[str, Field(max_length=2000)] | None = None
    style: Literal["primary", "danger"] | None = None
    confirm: Confirm | None = None
    accessibility_label: Annotated[str, Field(max_length=75)] | None = None


class Picture(_Part):
    type: Literal["image"]
    image_url: str = _upto(3000)
    alt_text: str = _upto(2000)


class Style(_Part):
    bold: bool | None = None
    italic: bool | None = None
    strike: bool | None = None
    code: bool | None = None


class RichWord(_Part):
    type: Literal["text"]
    text: Annotated[str, Field(min_length=1)]
    style: Style | None = None


class RichLink(_Part):
    type: Literal["link"]
    url: str = _upto(3000)
    text: str | None = None
    style: Style | None = None


class RichUser(_Part):
    type: Literal["user"]
    user_id: str
    style: Style | None = None


class RichChannel(_Part):
    type: Literal["channel"]
    channel_id: str
    style: Style | None = None


class RichEmoji(_Part):
    type: Literal["emoji"]
    name: str
    unicode: str | None = None


class RichDate(_Part):
    type: Literal["date"]
    timestamp: int
    format: str = _upto(3000)
    timezone: str | None = None
    url: str | None = None
    fallback: str | None = None
    style: Style | None = None


RichInline = Annotated[RichWord | RichLink | RichUser | RichChannel | RichEmoji | RichDate, Field(discriminator="type")]


class RichSection(_Part):
    type: Literal["rich_text_section"]
    elements: list[RichInline]


class RichCode(_Part):
    type: Literal["rich_text_preformatted"]
    elements: list[Annotated[RichWord | RichLink, Field(discriminator="type")]]
    border: int | None = None
    language: str | None = None


class RichQuote(_Part):
    type: Literal["rich_text_quote"]
    elements: list[RichInline]
    border: int | None = None


class RichList(_Part):
    type: Literal["rich_text_list"]
    style: Literal["bullet", "ordered"]
    elements: list[RichSection]
    indent: int | None = None
    offset: int | None = None
    border: int | None = None


class _Block(_Part):
    block_id: Name | None = None


class RichText(_Block):
    type: Literal["rich_text"]
    elements: list[Annotated[RichSection | RichCode | RichQuote | RichList, Field(discriminator="type")]]


class RawText(_Part):
    type: Literal["raw_text"]
    text: str


class ColumnSetting(_Part):
    align: Literal["left", "center", "right"] | None = None
    is_wrapped: bool | None = None


Cell = Annotated[RawText | RichText, Field(discriminator="type")]


class Table(_Block):
    type: Literal["table"]
    rows: Annotated[
        list[Annotated[list[Cell], Field(min_length=1, max_length=20)]], Field(min_length=1, max_length=100)
    ]
    column_settings: Annotated[list[ColumnSetting | None], Field(max_length=20)] | None = None


class Section(_Block):
    type: Literal["section"]
    text: Text | None = None
    fields: Annotated[list[FieldText], Field(min_length=1, max_length=10)] | None = None
    accessory: Annotated[Button | Picture, Field(discriminator="type")] | None = None
    expand: bool | None = None


class Header(_Block):
    type: Literal["header"]
    text: Heading


class Divider(_Block):
    type: Literal["divider"]


class Context(_Block):
    type: Literal["context"]
    elements: Annotated[
        list[Annotated[PlainText | Mrkdwn | Picture, Field(discriminator="type")]], Field(min_length=1, max_length=10)
    ]


class Actions(_Block):
    type: Literal["actions"]
    elements: Annotated[list[Button], Field(min_length=1, max_length=25)]


class ImageBlock(_Block):
    type: Literal["image"]
    image_url: str = _upto(3000)
    alt_text: str = _upto(2000)
    title: PlainText | None = None


class Markdown(_Block):
    type: Literal["markdown"]
    text: str = _upto(12_000)


class TaskCard(_Block):
    type: Literal["task_card"]
    task_id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    status: Literal["pending", "in_progress", "complete", "error"] | None = None
    details: RichText | None = None
    output: RichText | None = None


class Plan(_Block):
    type: Literal["plan"]
    title: str = Field(min_length=1)
    tasks: list[TaskCard] = []


Block = Annotated[
    Section | Header | Divider | Context | Actions | ImageBlock | Markdown | RichText | Table | Plan | TaskCard,
    Field(discriminator="type"),
]
