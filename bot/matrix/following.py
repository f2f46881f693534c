"""Which versions may follow to the next environment, and which not yet: told before anybody tries."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bot import policy, wording
from bot.gates import Closed, Evidence, clock, judge
from bot.model.catalog import Catalog, Target
from bot.model.promotion import Standing
from bot.model.sync import Sighting


def following(
    targets: Sequence[Target],
    sightings: Sequence[Sighting],
    catalog: Catalog,
    standings: Mapping[str, Mapping[str, Standing]],
    now: datetime,
) -> Iterator[str]:
    """A line for each target that is behind the environment its versions come from (`after`), as its gate is judged.

    Nothing is probed: what an environment verifies is told as what is left. `standings` are by environment, then by
    service; `sightings` may be of more than the targets.
    """
    seen = {(each.target.service, each.target.environment): each for each in sightings}
    for target in targets:
        after = catalog.environments[target.environment].after
        source, here = seen.get((target.service, after or "")), seen.get((target.service, target.environment))
        if after is None or source is None or here is None or not _is_ahead(source.desired, here.desired):
            continue
        version = str(source.desired)
        standing = standings.get(after, {}).get(target.service)
        verdict = judge(target, version, catalog, Evidence(source, standing), now)
        if not isinstance(verdict, Closed):
            yield f"{target}: {wording.short(version)} may follow"
        elif verdict.opens:
            yield f"{target}: {wording.short(version)} may follow at {clock(verdict.opens, now)}"
        elif verdict.unproven:
            yield f"{target}: {wording.short(version)} may follow once what {after} verifies has passed"
        else:
            yield verdict.why.rstrip(".")


def _is_ahead(version: str | None, than: str | None) -> bool:
    return version is not None and than is not None and version != than and not policy.is_downgrade(than, version)
