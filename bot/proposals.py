"""A change's words in Git and on the forge: title, commit message, trailers, diff. Deterministic.

The hidden block and the trailers are hints for tools and for people; the bot never trusts them: what a pull request
does is read from its diff.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from bot import markdown, wording
from bot.comparison import secrets
from bot.model.catalog import Target
from bot.model.change import CHANGE, Commit, Edit, Step, net
from bot.model.request import Message

LONGEST_BLOCK = 8_000
"""Characters of the hidden block."""


def promote_title(steps: Sequence[Step]) -> str:
    return _title("Promote", steps)


def rollback_title(steps: Sequence[Step]) -> str:
    return _title("Roll back", steps)


def _title(verb: str, steps: Sequence[Step]) -> str:
    first, *more = steps
    if not more:
        moved = f"from {wording.short(first.from_version)} to {wording.short(first.to_version)}"
        return f"{verb} {first.target.service} {moved} in {first.target.environment}"
    return f"{verb} {wording.services(steps)} in {first.target.environment}"


def revert_message(reverted: Commit, trailers: str) -> str:
    """What `git revert` writes, then the trailers."""
    said = f"This reverts commit {reverted.sha}"
    if len(reverted.parents) > 1:
        said += f", reversing\nchanges made to {reverted.parents[0]}"
    return f'Revert "{reverted.subject}"\n\n{said}.\n\n{trailers}\n'


def change_id(message: Message) -> str:
    """The same for the same message, however often it is worked on."""
    return hashlib.sha256(message.id.encode()).hexdigest()[:16]


def trailers(step: Step, message: Message) -> str:
    """The commit's last paragraph, one `Key: value` a line; text from people can't add a line."""
    return _trailers(
        step.target, message, {"Quarterdeck-From": step.from_version or "none", "Quarterdeck-To": step.to_version}
    )


def amendment_message(title: str, target: Target, message: Message) -> str:
    """The message of a commit that promotes nothing."""
    return f"{markdown.flat(title)}\n\n{_trailers(target, message, {})}\n"


def _trailers(target: Target, message: Message, moved: Mapping[str, str]) -> str:
    asked = message.actor.github or message.actor.name
    pairs = {
        "Quarterdeck-Service": target.service,
        "Quarterdeck-Environment": target.environment,
        **moved,
        CHANGE: change_id(message),
        "Requested-by": asked,
    }
    if message.actor.email:
        pairs["Co-authored-by"] = f"{re.sub('[<>]', ' ', asked)} <{message.actor.email}>"
    return "\n".join(f"{key}: {markdown.flat(value)}" for key, value in pairs.items())


def closing(why: str, message: Message) -> str:
    """What a pull request is told when it is closed on somebody's word."""
    return f"{markdown.text(why)} {asked(message)}"


def asked(message: Message) -> str:
    """Who asked, and where, in Markdown."""
    where = f" in {markdown.link('this conversation', message.place.link)}" if message.place.link else ""
    asker = f"@{message.actor.github}" if message.actor.github else markdown.text(message.actor.name)
    return f"Asked for by {asker}{where}."


def hidden_block(steps: Sequence[Step], message: Message) -> str:
    """Machine-readable hints in an HTML comment, which no text inside can close. Never too long: steps are left out."""
    said = {
        "schema": "quarterdeck/pull/v1",
        "environment": steps[0].target.environment,
        "change": change_id(message),
        "steps": [{"service": step.target.service, "from": step.from_version, "to": step.to_version} for step in steps],
    }
    if len(json.dumps(said)) > LONGEST_BLOCK:
        del said["steps"]
    hints = (
        json.dumps(said, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "-\\u002d")
    )
    return f"<!-- quarterdeck {hints} -->"


def diff(edits: Sequence[Edit], context: int = 3) -> str:
    """What the edits come to, as a unified diff with so many lines of context: several of one file are one change.

    Of files that may hold what is secret only the names are shown. Context is for those who may read the repository:
    what stands beside a version, such as an environment variable, is nobody's else.
    """
    shown: list[str] = []
    for edit in net(edits):
        old = f"a/{edit.path}" if edit.before is not None else "/dev/null"
        new = f"b/{edit.path}" if edit.after is not None else "/dev/null"
        if edit.before != edit.after and _may_be_secret(edit):
            shown += [f"--- {old}", f"+++ {new}", "(its lines are not shown, since it may hold what is secret)"]
        else:
            shown += difflib.unified_diff(_lines(edit.before), _lines(edit.after), old, new, lineterm="", n=context)
    return "\n".join(shown)


def _may_be_secret(edit: Edit) -> bool:
    """What a Secret is generated from has any name, so of files only manifests are shown, and those without one."""
    is_manifest = edit.path.endswith((".yaml", ".yml", ".json", "/Kustomization"))
    return not is_manifest or any(secrets.may_be_in(content) for content in (edit.before, edit.after) if content)


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()
