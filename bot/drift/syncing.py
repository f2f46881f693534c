"""The request that an engine bring a target's cluster to what Git says, and its words. Sends nothing."""

from bot import wording
from bot.model.catalog import Target
from bot.model.change import SyncRequest
from bot.model.sync import Deployed

VERB = "drift sync"


def request(target: Target, deployed: Deployed) -> SyncRequest:
    """What to ask of the engine's object that deploys a target."""
    engine = wording.engine(deployed)
    busy = f" At the moment: {deployed.busy}." if deployed.busy else ""
    held = f" That may change nothing: {deployed.held}." if deployed.held else ""
    asked = f"{engine} is asked to sync {target}, by {deployed.object}.{busy}{held}"
    return SyncRequest(
        verb=VERB,
        target=target,
        deployed=deployed,
        would=f"{engine} would be asked to sync {target}, by {deployed.object}",
        text=f"{asked} To see what came of it, say: drift {target}",
    )
