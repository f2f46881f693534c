"""The buttons under a message of drift: what whoever reads it can do about it, each as the sentence it says."""

from collections.abc import Collection

from bot.model.reply import Choice
from bot.model.sync import Kind
from bot.saying import say, sayable


def offers(
    service: str, environment: str, kinds: Collection[Kind], *, syncs: bool, adopts: bool, muted: bool
) -> tuple[Choice, ...]:
    """For one drifted target with findings of these kinds; none where its name can't be said.

    `syncs`: an engine deploys it; `adopts`: live values may be offered to Git.
    """
    if not sayable(service, environment):
        return ()
    target = f"{service} in {environment}"
    choices = [say("Sync", f"drift sync {target}")] if syncs else []
    if adopts and Kind.DRIFT in kinds:
        choices.append(say("Adopt", f"drift adopt {target}"))
    quiet = say("Unmute", f"drift unmute {target}") if muted else say("Mute for a day", f"drift mute {target} for 1d")
    return (*choices, quiet, say("Ignore…", f"drift ignore {target}"), say("Show all", f"drift show {target}"))
