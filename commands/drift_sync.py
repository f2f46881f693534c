"""Have the engine that deploys a target put its cluster right."""

from bot.command import Context, command
from bot.drift import syncing
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.change import SyncRequest


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
    return syncing.request(target, deployed)
