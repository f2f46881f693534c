"""Keep quiet about one target's drift for a while, as long as it gets no worse."""

from datetime import timedelta

from bot import wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import Duration, EnvironmentName, Reason, TargetName
from bot.model.change import Muting
from bot.model.rules import Mute

UNLESS_SAID = timedelta(days=1)
LONGEST = timedelta(days=30)


@command(
    "drift mute <service> in <environment> [for <duration>] [because <reason…>]",
    examples=["drift mute payment in prod", "drift mute payment in prod for 2h because we debug it"],
    changes=True,
)
def drift_mute(
    ctx: Context,
    service: TargetName,
    environment: EnvironmentName,
    duration: Duration | None = None,
    reason: Reason | None = None,
) -> Muting:
    """Tell nothing of a target's drift for a while: one day, or as long as you say, at most 30 days.

    It ends early when something worse is found than was known before. `drift` and `status` show the drift all the same.
    """
    target = ctx.target(service, environment, watched=True)
    period = duration or UNLESS_SAID
    if period > LONGEST:
        raise Refusal(
            f"Drift can be muted for {wording.lasted(LONGEST)} at most, and {wording.lasted(period)} is longer; "
            f"for what should never be told, say: drift ignore {target}"
        )
    until = ctx.now + period
    by, why = ctx.message.actor.name, f" because {reason}" if reason else ""
    return Muting(
        verb="drift mute",
        target=target,
        mute=Mute(target.environment, target.service, until, by, reason or "", ctx.now),
        would=f"The drift of {target} would be muted until {wording.moment(until)}{why}",
        text=(
            f"The drift of {target} is muted until {wording.moment(until)}{why}. That ends early if it gets worse; "
            f"to end it now, say: drift unmute {target}"
        ),
    )
