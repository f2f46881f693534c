"""A message as JSON and back. Explicit, since what one release writes the next one must read."""

import json
from datetime import datetime
from typing import Any

from bot.model.request import Actor, Message, Place, Press


def dump(message: Message) -> str:
    """One line of JSON. `resumed` is left out: it is said of a message when it is read, not when it is written."""
    actor, place, press = message.actor, message.place, message.press
    return json.dumps(
        {
            "id": message.id,
            "text": message.text,
            "at": message.at.isoformat(),
            "actor": {"id": actor.id, "name": actor.name, "github": actor.github},
            "place": {"channel": place.channel, "thread": place.thread, "link": place.link},
            "press": press
            and {
                "action": press.action,
                "confirmation": press.confirmation,
                "message": press.message,
                "said": press.said,
            },
            "due": message.due,
        }
    )


def read(line: str, *, resumed: bool = False) -> Message:
    """The message again. Keys of another release's are passed over, and keys it lacks have their defaults."""
    found: dict[str, Any] = json.loads(line)
    actor, place, press = found["actor"], found.get("place") or {}, found.get("press")
    return Message(
        id=found["id"],
        text=found["text"],
        actor=Actor(actor["id"], actor["name"], actor.get("github")),
        place=Place(place.get("channel"), place.get("thread"), place.get("link")),
        at=datetime.fromisoformat(found["at"]),
        resumed=resumed,
        press=press and Press(press["action"], press["confirmation"], press["message"], press.get("said", "")),
        due=found.get("due", False),
    )
