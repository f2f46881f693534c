"""Have the engine that deploys a target put its cluster right."""

from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.change import SyncRequest

ENGINES = {"argocd": "Argo CD", "flux": "Flux"}


@command("drift sync <service> in <environment>", examples=["drift sync payment in prod"], changes=True)
def drift_sync(ctx: Context, service: TargetName, environment: EnvironmentName) -> SyncRequest:
    """Ask Argo CD or Flux to bring the cluster to what Git says: what was changed by hand is undone.

    It is asked whether the target drifted or not, since that does no harm where all is well.
    """
    target = ctx.target(service, environment, watched=True)
    deployed = ctx.survey.engines.deployed([target]).get(target)
    if deployed is None:
        raise Refusal(
            f"No Argo CD Application and no Flux Kustomization or HelmRelease was found that deploys {target} "
            f"({', '.join(target.folders)}), so nobody can be asked to sync it; apply that folder by hand."
        )
    engine = ENGINES.get(deployed.engine, deployed.engine)
    busy = f" At the moment: {deployed.busy}." if deployed.busy else ""
    held = f" That may change nothing: {deployed.held}." if deployed.held else ""
    asked = f"{engine} is asked to sync {target}, by {deployed.object}.{busy}{held}"
    return SyncRequest(
        verb="drift sync",
        target=target,
        deployed=deployed,
        would=f"{engine} would be asked to sync {target}, by {deployed.object}",
        text=f"{asked} To see what came of it, say: drift {target}",
    )
