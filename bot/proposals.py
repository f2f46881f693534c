"""A change's names and words in Git and on the forge: branch, title, commit message, body. Deterministic.

The hidden block and the trailers are hints for tools and for people; the bot never trusts them: what a pull request
does is read from its diff.
"""

import difflib
import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot import wording
from bot.comparison import secrets
from bot.model.catalog import Target
from bot.model.change import PREFIX, Commit, Edit
from bot.model.request import Message

LONGEST_BRANCH = 200
LONGEST_BODY = 65_536
"""GitHub's limit, in characters."""


def branch(verb: str, target: Target, version: str) -> str:
    """`quarterdeck/<verb>/<environment>/<service>/<version>`: the same request has the same branch.

    Parts are slugged to what git-check-ref-format(1) takes; a part that had to change carries a hash of what it was,
    so that two never share a branch.
    """
    name = PREFIX + "/".join([verb, *map(_slug, (target.environment, target.service, version))])
    if len(name) <= LONGEST_BRANCH:
        return name
    return name[: LONGEST_BRANCH - 9].rstrip("/.-") + "-" + _digest(name)


def moves(name: str, target: Target) -> bool:
    """Whether a branch of ours moves this target, whatever verb and version."""
    parts = name.removeprefix(PREFIX).split("/")
    return name.startswith(PREFIX) and parts[1:3] == [_slug(target.environment), _slug(target.service)]


def promote_title(target: Target, before: str | None, after: str) -> str:
    return f"Promote {target.service} from {wording.short(before)} to {wording.short(after)} in {target.environment}"


def rollback_title(target: Target, before: str | None, after: str) -> str:
    return f"Roll back {target.service} from {wording.short(before)} to {wording.short(after)} in {target.environment}"


def revert_message(reverted: Commit, trailers: str) -> str:
    """What `git revert` writes, then the trailers."""
    said = f"This reverts commit {reverted.sha}"
    if len(reverted.parents) > 1:
        said += f", reversing\nchanges made to {reverted.parents[0]}"
    return f'Revert "{reverted.subject}"\n\n{said}.\n\n{trailers}\n'


def change_id(message: Message) -> str:
    """The same for the same message, however often it is worked on."""
    return hashlib.sha256(message.id.encode()).hexdigest()[:16]


def trailers(target: Target, before: str | None, after: str, message: Message) -> str:
    """The commit's last paragraph, one `Key: value` a line; text from people can't add a line."""
    asked = message.actor.github or message.actor.name
    pairs = {
        "Quarterdeck-Service": target.service,
        "Quarterdeck-Environment": target.environment,
        "Quarterdeck-From": before or "none",
        "Quarterdeck-To": after,
        "Quarterdeck-Change": change_id(message),
        "Requested-by": asked,
    }
    return "\n".join(f"{key}: {flat(value)}" for key, value in pairs.items())


def body(
    summary: str,
    target: Target,
    versions: tuple[str | None, str],
    edits: Sequence[Edit],
    message: Message,
    notes: Iterable[str] = (),
    *,
    undo: str,
) -> str:
    """The pull request's text: what, from and to, who asked and where, the diff, and the command that undoes it."""
    before, after = versions
    where = f" in [this conversation]({message.place.link})" if message.place.link else ""
    asker = f"@{message.actor.github}" if message.actor.github else _markdown(message.actor.name)
    lines = [
        _markdown(summary),
        "",
        f"| Service | {_markdown(target.service)} |",
        "|---|---|",
        f"| Environment | {_markdown(target.environment)} |",
        f"| From | {_markdown(before or 'none')} |",
        f"| To | {_markdown(after)} |",
        f"| Asked by | {asker}{where} |",
        "",
        *(f"> {_markdown(note)}\n" for note in notes),
        f"To undo it once merged, say <code>{_markdown(undo)}</code>; before that, close this pull request.",
        "",
        hidden_block(target, versions, message),
    ]
    room = LONGEST_BODY - sum(len(line) + 1 for line in lines) - 200
    lines[-3:-3] = [*_fenced(diff(edits), room), ""]
    return "\n".join(lines)


def hidden_block(target: Target, versions: tuple[str | None, str], message: Message) -> str:
    """Machine-readable hints in an HTML comment, which no text inside can close."""
    said = {
        "schema": "quarterdeck/pull/v1",
        "service": target.service,
        "environment": target.environment,
        "from": versions[0],
        "to": versions[1],
        "change": change_id(message),
    }
    text = json.dumps(said, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "-\\u002d")
    return f"<!-- quarterdeck {text} -->"


def diff(edits: Sequence[Edit]) -> str:
    """What the edits come to, as a unified diff with three lines of context: several of one file are one change.

    Of files that may hold what is secret only the names are shown.
    """
    shown: list[str] = []
    whole: dict[str, Edit] = {}
    for edit in edits:
        whole[edit.path] = Edit(edit.path, whole.get(edit.path, edit).before, edit.after)
    for edit in whole.values():
        old = f"a/{edit.path}" if edit.before is not None else "/dev/null"
        new = f"b/{edit.path}" if edit.after is not None else "/dev/null"
        if edit.before != edit.after and _may_be_secret(edit):
            shown += [f"--- {old}", f"+++ {new}", "(its lines are not shown, since it may hold what is secret)"]
        else:
            shown += difflib.unified_diff(_lines(edit.before), _lines(edit.after), old, new, lineterm="")
    return "\n".join(shown)


def _may_be_secret(edit: Edit) -> bool:
    """What a Secret is generated from has any name, so of files only manifests are shown, and those without one."""
    is_manifest = edit.path.endswith((".yaml", ".yml", ".json", "/Kustomization"))
    return not is_manifest or any(secrets.may_be_in(content) for content in (edit.before, edit.after) if content)


def flat(text: str) -> str:
    """On one line, without control characters."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in text).split())


def _fenced(text: str, room: int) -> list[str]:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    if len(text) <= room:
        return [f"{fence}diff", text, fence]
    kept = text[:room].rpartition("\n")[0]
    hidden = text.count("\n") - kept.count("\n")
    return [f"{fence}diff", kept, fence, f"{hidden:,} more lines are in the Files tab."]


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()


def _markdown(text: str) -> str:
    """Plain text as Markdown shows it: no link, mention, HTML or table cell comes of it."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~:]|(?<=\bwww)\.)", r"\\\1", flat(text), flags=re.IGNORECASE)
    return html.escape(escaped, quote=False).replace("@", "@\u200b")


def _slug(part: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9._+-]+", "-", part).strip(".-")
    slug = re.sub(r"\.{2,}", ".", slug).removesuffix(".lock") or "x"
    return slug if slug == part else f"{slug[:80]}-{_digest(part)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
