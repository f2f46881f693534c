"""Looks, afresh, at what the order of promotion asks about, and has `bot.gates` judge it.

Used by whoever asks for a promotion and by what waits for one, so that both are told the same. Reads only.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bot.command import Context
from bot.gates import Closed, Evidence, Open, Verdict, judge
from bot.model.catalog import Target
from bot.model.promotion import Standing
from bot.model.sync import Sighting
from bot.model.verification import Proof
from bot.ports import Prober

PROBES_AT_ONCE = 8


def judged(
    ctx: Context, wanted: Mapping[Target, str], seen: Mapping[Target, Sighting] | None = None
) -> dict[Target, Verdict]:
    """Whether versions may go to targets. `seen` are looks that this command has made already.

    Unavailable if the store, which knows since when they do well, can't be read.
    """
    sources = _sources(ctx, wanted)
    known = dict(seen or {})
    missing = [source for source in dict.fromkeys(sources.values()) if source not in known]
    known |= {each.target: each for each in ctx.survey.look(missing)} if missing else {}
    standings = {name: ctx.standings(name) for name in {source.environment for source in sources.values()}}

    def verdict(target: Target, version: str) -> Verdict:
        source = sources.get(target)
        if source is None:
            return judge(target, version, ctx.catalog, Evidence(), ctx.now)
        evidence = Evidence(known[source], standings[source.environment].get(source.service))
        found = judge(target, version, ctx.catalog, evidence, ctx.now)
        if isinstance(found, Closed) and found.unproven and (prober := ctx.prober()) is not None:
            evidence = replace(evidence, proofs=_proofs(ctx, prober, source, version, evidence.standing))
            return judge(target, version, ctx.catalog, evidence, ctx.now)
        return found

    return {target: verdict(target, version) for target, version in wanted.items()}


def closed(verdicts: Mapping[Target, Verdict]) -> Closed | None:
    """The first gate that is, one that stays so before one that opens by itself."""
    shut = [each for each in verdicts.values() if not isinstance(each, Open)]
    return min(shut, key=lambda each: not each.final, default=None)


def _sources(ctx: Context, wanted: Iterable[Target]) -> dict[Target, Target]:
    """Each service in the environment that its versions come from, where it is there."""
    after = {target: ctx.catalog.environments[target.environment].after for target in wanted}
    if not any(after.values()):
        return {}
    there = {(each.service, each.environment): each for each in ctx.targets()}
    found = {target: there.get((target.service, name)) for target, name in after.items() if name}
    return {target: source for target, source in found.items() if source is not None}


def _proofs(ctx: Context, prober: Prober, source: Target, version: str, standing: Standing | None) -> tuple[Proof, ...]:
    """What came of each probe of where the version is. It is there since Git said so, at the earliest."""
    probes = ctx.catalog.environments[source.environment].verification.probes
    move = next(ctx.git.moves(source), None)
    said = move.commit.at if move is not None and move.to_version == version else None
    since = said or (standing.since if standing else ctx.now)
    with ThreadPoolExecutor(PROBES_AT_ONCE, "probe") as pool:
        return tuple(pool.map(lambda each: prober.probe(each, source, version, since), probes))
