"""End a mute before its time."""

from bot.command import Context, command
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.change import Muting


@command("drift unmute <service> in <environment>", examples=["drift unmute payment in prod"], changes=True)
def drift_unmute(ctx: Context, service: TargetName, environment: EnvironmentName) -> Muting:
    """Tell the drift of a muted target again."""
    target = ctx.target(service, environment, watched=True)
    return Muting(
        verb="drift unmute",
        target=target,
        mute=None,
        would=f"The drift of {target} would be told again",
        text=f"The drift of {target} is told again, from the next check on.",
    )
