"""All of one target's drift, where a message shows only the beginning."""

from datetime import datetime
from itertools import groupby

from bot import wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.reply import Attachment, Outcome, Reply
from bot.model.sync import Difference, ObjectRef, Sighting, SyncState


@command("drift show <service> in <environment>", examples=["drift show payment in prod"])
def drift_show(ctx: Context, service: TargetName, environment: EnvironmentName) -> Reply:
    """Compare one target with its cluster now, and give every difference, as a file."""
    (sighting,) = ctx.survey.look([ctx.target(service, environment, watched=True)])
    target, found = sighting.target, sighting.differences
    if not found and sighting.sync is SyncState.UNKNOWN:
        raise Refusal(f"{target} was not checked: {sighting.why}")
    data = {"targets": [wording.drift_data(sighting)]}
    if not found:
        return Reply(Outcome.ANSWERED, f"{target} has no difference to show.", data=data, private=True)
    count = f"{len(found):,} difference{'s' if len(found) > 1 else ''}"
    return Reply(
        Outcome.ANSWERED,
        f"{target} has {count}; the file holds all of it.",
        data=data,
        private=True,
        attachment=Attachment(_name(str(target)), _listed(sighting, ctx.now)),
    )


def _listed(sighting: Sighting, now: datetime) -> str:
    """Object by object, each difference with all that is known of it."""
    lines = [f"{sighting.target} at commit {sighting.revision[:10]}, looked at {wording.moment(now)}"]
    for ref, found in groupby(sorted(sighting.differences, key=_object), _object):
        lines += ["", f"{ref} ({ref.api_version})"]
        for each in found:
            lines.append(f"  {each.severity} {each.kind}: {each.path or 'the object'}")
            lines += [f"    Git wants:   {_indented(each.desired)}", f"    cluster has: {_indented(each.live)}"]
            more = [wording.written(each.by, now)] if each.by else []
            more += [f"since {wording.moment(each.since)}"] if each.since else []
            lines += [f"    {'; '.join([*more, *filter(None, [each.note])])}"] if more or each.note else []
    return "\n".join([*lines, ""])


def _object(found: Difference) -> ObjectRef:
    return found.object


def _indented(value: str | None) -> str:
    return "nothing" if value is None else value.replace("\n", "\n      ")


def _name(target: str) -> str:
    """A file's name, whatever a service is called."""
    return "".join(sign if sign.isalnum() or sign in ".-" else "-" for sign in f"drift of {target}") + ".txt"
