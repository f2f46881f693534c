"""Looks, afresh, at what the order of promotion asks about, and has `bot.gates` judge it.

Used by whoever asks for a promotion and by what waits for one, so that both are told the same. Reads only.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from bot.command import Context
from bot.gates import Closed, Evidence, Open, Verdict, judge
from bot.model.catalog import Target
from bot.model.promotion import Standing
from bot.model.sync import Sighting
from bot.model.verification import Proof

PROBES_AT_ONCE = 8


def judged(
    ctx: Context, wanted: Mapping[Target, str], seen: Mapping[Target, Sighting] | None = None
) -> dict[Target, Verdict]:
    """Whether versions may go to targets. `seen` are looks that this command has made already.

    Unavailable if the store, which knows since when they do well, can't be read.
    """
    sources = sources_of(ctx, wanted)
    known = dict(seen or {})
    missing = [source for source in dict.fromkeys(sources.values()) if source not in known]
    known |= {each.target: each for each in ctx.survey.look(missing)} if missing else {}
    standings = {name: ctx.standings(name) for name in {source.environment for source in sources.values()}}

    def verdict(target: Target, proofs: Sequence[Proof] | None = None) -> Verdict:
        source = sources.get(target)
        standing = standings[source.environment].get(source.service) if source else None
        evidence = Evidence(known[source], standing, proofs) if source else Evidence()
        return judge(target, wanted[target], ctx.catalog, evidence, ctx.now)

    found = {target: verdict(target) for target in wanted}
    unproven = [target for target, each in found.items() if isinstance(each, Closed) and each.unproven]
    began = {target: _began(ctx, sources[target], wanted[target], standings) for target in unproven}
    proofs = _proofs(ctx, {target: (sources[target], wanted[target], since) for target, since in began.items()})
    return found | {target: verdict(target, each) for target, each in proofs.items()}


def closed(verdicts: Mapping[Target, Verdict]) -> Closed | None:
    """The first gate that is, one that stays so before one that opens by itself."""
    shut = [each for each in verdicts.values() if not isinstance(each, Open)]
    return min(shut, key=lambda each: not each.final, default=None)


def sources_of(ctx: Context, wanted: Iterable[Target]) -> dict[Target, Target]:
    """Each service in the environment that its versions come from, where it is there."""
    after = {target: ctx.catalog.environments[target.environment].after for target in wanted}
    if not any(after.values()):
        return {}
    there = {(each.service, each.environment): each for each in ctx.targets()}
    found = {target: there.get((target.service, name)) for target, name in after.items() if name}
    return {target: source for target, source in found.items() if source is not None}


def _began(ctx: Context, source: Target, version: str, standings: Mapping[str, Mapping[str, Standing]]) -> datetime:
    """Since when the version is there, at the earliest: since Git said so."""
    move = next(ctx.git.moves(source), None)
    if move is not None and move.to_version == version:
        return move.commit.at
    standing = standings[source.environment].get(source.service)
    return standing.since if standing else ctx.now


def _proofs(ctx: Context, asked: Mapping[Target, tuple[Target, str, datetime]]) -> Mapping[Target, Sequence[Proof]]:
    """What came of each probe of where versions are, and are since then; of all targets at once."""
    prober = ctx.prober() if asked else None
    if prober is None:
        return {}
    looks = [
        (target, probe, *each)
        for target, each in asked.items()
        for probe in ctx.catalog.environments[each[0].environment].verification.probes
    ]
    with ThreadPoolExecutor(PROBES_AT_ONCE, "probe") as pool:
        came = pool.map(lambda look: prober.probe(*look[1:]), looks)
        found: dict[Target, list[Proof]] = {target: [] for target in asked}
        for (target, *_), proof in zip(looks, came, strict=True):
            found[target].append(proof)
    return found
