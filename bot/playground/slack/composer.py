"""What a person types in Slack's message box -> the text that apps receive.

The client escapes `&<>` and writes mentions, channels and links in angle brackets, never inside code; so a typed
`<!channel>` reaches an app as harmless text (docs.slack.dev, "Formatting message text").
"""

import re
from collections.abc import Iterable

from bot.playground.slack.conversations import Channel, User

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str) -> str:
    return re.sub("[&<>]", lambda match: _ESCAPES[match[0]], text)


def on_the_wire(typed: str, users: Iterable[User], channels: Iterable[Channel]) -> str:
    """A typed message as an app gets it; a mention or channel of this workspace may be given as `<@id>` already."""
    tokens = {f"<@{user.id}>": f"<@{user.id}>" for user in users}
    tokens |= {f"@{name}": f"<@{user.id}>" for user in users for name in (user.real_name, user.name)}
    for channel in channels:
        if not channel.is_direct:
            token = f"<#{channel.id}|{channel.name}>"
            tokens |= {token: token, f"<#{channel.id}>": token, f"#{channel.name}": token}
    tokens |= {f"@{group}": f"<!{group}>" for group in ("channel", "here", "everyone")}
    known = "|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True))
    pattern = rf"(?P<code>```.*?```|`[^`\n]+`)|(?P<link>https?://[^\s<>]+)|(?P<token>(?<!\w)(?:{known})(?!\w))|[&<>]"

    def one(match: re.Match[str]) -> str:
        if match["token"]:
            return tokens[match["token"]]
        return f"<{escape(match['link'])}>" if match["link"] else escape(match[0])

    return re.sub(pattern, one, typed, flags=re.DOTALL)
