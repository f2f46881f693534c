"""What the forge is told of a promotion: a deployment of the commit that the branch has. Pure.

Nothing before the merge: a deployment is of one commit, and the pull request's head is another.
"""

from collections.abc import Mapping
from typing import Final

from bot.model.catalog import Environment
from bot.model.promotion import Promotion, Report, Stage

_STATES: Final = {
    Stage.MERGED: "queued",
    Stage.SYNCED: "in_progress",
    Stage.HEALTHY: "success",
    Stage.FAILED: "failure",
    Stage.TIMED_OUT: "failure",
    Stage.SUPERSEDED: "inactive",
}


def report(promotion: Promotion, environments: Mapping[str, Environment], description: str) -> Report | None:
    """None where its environment asks for none, or no cluster would tell how it goes on, or there is nothing new since
    `promotion.reported`.

    The last environment in order of promotion counts as production.
    """
    place = environments.get(promotion.environment)
    state = _STATES.get(promotion.stage)
    if place is None or not (place.deployments and place.cluster and promotion.commit):
        return None
    if state is None or state == promotion.reported:
        return None
    return Report(
        promotion.repository,
        promotion.commit,
        promotion.environment,
        state,
        description,
        promotion.link or promotion.url,
        production=place.name == [*environments][-1],
    )
