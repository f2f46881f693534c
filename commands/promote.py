"""Move services forward: the versions that Git pins in an environment are set to the ones asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot import branches, markdown, pins, policy, proposals, queueing, targets, wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.gatekeeper import closed, judged
from bot.gates import Closed, Verdict
from bot.language.arguments import Duration, EnvironmentName, Reason, Said, ServiceName, ServiceNames, VersionName
from bot.lineage import Lineage
from bot.model.catalog import Target
from bot.model.change import Draft, Edit, Proposal, Queueing, Release, Skipped, Step
from bot.model.reply import Outcome, Reply
from bot.model.sync import Sighting, SyncState
from bot.ports import Tree
from bot.preview import Preview

Looks = Mapping[Target, Sighting]
NONE: Looks = {}


@dataclass(frozen=True)
class Move:
    """A service's way to a version: the step, its edits on the tree as it is by then, and what is doubtful."""

    step: Step
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]
    doubt: str
    also: tuple[Target, ...]


@dataclass(frozen=True)
class Wait:
    """For what to wait: a version, or the one of the origin, or of where versions must be healthy first."""

    version: str | None
    origin: str | None
    period: timedelta | None


@command(
    "promote <service> <version> to <environment> [when healthy [within <duration>]] [anyway because <reason…>]",
    "promote <services,…> [from <origin>] to <environment> [when healthy [within <duration>]]",
    examples=[
        "promote payment v1.3.0 to prod",
        "promote payment to production",
        "promote api, payment from staging to prod",
        "promote all from staging to prod",
        "promote payment v1.3.0 to prod anyway because the database is fixed",
        "promote payment v1.3.0 to prod when healthy within 2h",
    ],
    changes=True,
)
def promote(  # noqa: PLR0913, PLR0917 - one for each slot of its usages
    ctx: Context,
    environment: EnvironmentName,
    service: ServiceName | None = None,
    version: VersionName | None = None,
    services: ServiceNames | None = None,
    origin: EnvironmentName | None = None,
    reason: Reason | None = None,
    duration: Duration | None = None,
    healthy: Said | None = None,
) -> Proposal | Release | Queueing | Reply:
    """Move services to a version; without one, to what runs in the origin, or in the environment before.

    Opens a pull request, or commits where the environment says change: push. Several services share one, or get one
    each where it says release: apart; “all” are those that both environments have. A version that was rolled back
    there, a tag that moves, such as latest, and one that has not been healthy for long enough in the environment that
    the config asks for go only “anyway”: that needs the permission to override. “When healthy” waits for the latter: a
    day, or within what you say, at most 14 days.
    """
    if healthy:
        if reason is not None:
            raise Refusal("Either it waits until it is healthy, or it goes anyway; say one of the two.")
        alone = services[0] if services is not None and len(services) == 1 else service
        if alone is None:
            raise Refusal("One service at a time can wait until it is healthy; say it of each.")
        wait = Wait(version, origin, duration)
        return _when_healthy(ctx, ctx.target(alone, environment), wait)
    if version is not None and service is not None:
        return _single(ctx, ctx.target(service, environment), version, markdown.flat(reason or ""))
    source = _source(ctx, services, environment, origin)
    names = services or _in_both(ctx, source, environment)
    seen = _seen(ctx, names, source)
    running = {name: _version(each, environment) if isinstance(each, Sighting) else each for name, each in seen.items()}
    looks = {each.target: each for each in seen.values() if isinstance(each, Sighting)}
    if len(names) > 1:
        return _release(ctx, running, environment, looks)
    version_there = running[names[0]]
    if isinstance(version_there, Refusal):
        raise version_there
    return _single(ctx, ctx.target(names[0], environment), version_there, looks=looks)


def _single(ctx: Context, target: Target, wanted: str, because: str = "", looks: Looks = NONE) -> Proposal | Reply:
    tree = ctx.git.head(target.repository)
    move = _move(ctx, tree, target, wanted, because)
    if isinstance(move, Skipped):
        return Reply(Outcome.UNCHANGED, move.why)
    if not because:
        _pass(ctx, move, judged(ctx, {target: wanted}, looks)[target])
    return _proposal(ctx, tree, [move], because)


def _release(ctx: Context, running: Mapping[str, str | Refusal], environment: str, looks: Looks) -> Release:
    moves: dict[tuple[str, str], list[Move]] = {}
    skipped = []
    there = {
        target: reading.version for target, reading in ctx.git.versions(ctx.targets(environment=environment)).items()
    }
    # All at once, but for those that are there already: gates may be asked of many, and by slow pages.
    asked = {
        target: wanted
        for target, version in there.items()
        if isinstance(wanted := running.get(target.service), str) and wanted != version
    }
    verdicts = judged(ctx, asked, looks)
    for name, wanted in running.items():
        try:
            target = ctx.target(name, environment)
            if isinstance(wanted, Refusal):
                raise wanted
            group = (target.repository, name if ctx.catalog.environments[environment].apart else "")
            before = [edit for move in moves.get(group, []) for edit in move.edits]
            # Services may share a file: each is moved in what the ones before it leave.
            move = _move(ctx, Preview(ctx.git.head(target.repository), before), target, wanted)
            if isinstance(move, Move):
                _pass(ctx, move, verdicts.get(target) or judged(ctx, {target: wanted}, looks)[target])
        except Refusal as refusal:
            why = str(refusal) if str(refusal).startswith(f"{name} ") else f"{name}: {refusal}"
            skipped.append(Skipped(name, environment, why, refused=True))
            continue
        if isinstance(move, Skipped):
            skipped.append(move)
        else:
            moves.setdefault(group, []).append(move)
    proposals_ = (_proposal(ctx, ctx.git.head(repository), group) for (repository, _), group in moves.items())
    return Release(tuple(proposals_), tuple(skipped))


def _when_healthy(ctx: Context, target: Target, wait: Wait) -> Proposal | Queueing | Reply:
    """At once if its gates are open; else it waits for them, with the version that is meant now."""
    after = ctx.catalog.environments[target.environment].after
    if after is None:
        raise Refusal(
            f"{target.environment} comes after no environment in the config, so there is nothing to wait for; say: "
            f"promote {target.service} {wait.version or '<version>'} to {target.environment}"
        )
    wanted = wait.version or _declared(ctx, ctx.target(target.service, wait.origin or after), target)
    tree = ctx.git.head(target.repository)
    move = _move(ctx, tree, target, wanted)
    if isinstance(move, Skipped):
        return Reply(Outcome.UNCHANGED, move.why)
    shut = _shut(ctx, move, judged(ctx, {target: wanted})[target])
    if shut is None:
        return _proposal(ctx, tree, [move])
    return queueing.put(ctx, target, wanted, shut, wait.period)


def _declared(ctx: Context, source: Target, target: Target) -> str:
    """The version that an environment has, or is about to have, by Git."""
    reading = ctx.git.versions([source]).get(source)
    if reading is None or reading.version is None:
        why = f" ({reading.why})" if reading and reading.why else ""
        raise Refusal(
            f"Which version {source.environment} has can't be told{why}; name the version: "
            f"promote {target.service} <version> to {target.environment} when healthy"
        )
    return reading.version


def _pass(ctx: Context, move: Move, verdict: Verdict) -> None:
    """Refusal where a gate is closed. `verdict` is that of the target's own."""
    if (shut := _shut(ctx, move, verdict)) is not None:
        raise Refusal(str(shut))


def _shut(ctx: Context, move: Move, verdict: Verdict) -> Closed | None:
    """The gate that is, if any: what the same files move as well passes its own."""
    step = move.step
    if (other := closed(judged(ctx, dict.fromkeys(move.also, step.to_version)))) is not None:
        anyway = f"promote {step.target.service} {step.to_version} to {step.target.environment} anyway because …"
        why = f"{wording.moved_too(move.also)} {other.why}"
        return Closed(why, f"To promote it all the same, say: {anyway}", final=True)
    return verdict if isinstance(verdict, Closed) else None


def _move(ctx: Context, tree: Tree, target: Target, wanted: str, because: str = "") -> Move | Skipped:
    """Refusal where the version is not allowed, or can't be set."""
    for image in sorted({pin.image.name for pin in pins.locate(tree, target)}):
        policy.check(ctx.catalog.images, image, wanted)
    plan = pins.plan(tree, target, wanted)
    before = pins.current(tree, target)
    if plan.edits:
        if not because:
            _refuse(ctx, target, wanted)
        also = _moved_too(ctx, tree, target, plan.edits)
        doubts = [_doubt(before, wanted, anyway=bool(because)), wording.moved_too(also)]
        return Move(Step(target, before, wanted), plan.edits, plan.notes, " ".join(filter(None, doubts)), also)
    move = next(ctx.git.moves(target), None)
    # A base outside the target's folders may have moved it since: then that move is not the one.
    known = f" {wording.since(move, ctx.now)}" if move and move.to_version == before else ""
    why = f"{target} is already {wording.short(wanted)}{known}."
    return Skipped(target.service, target.environment, why, refused=False)


def _refuse(ctx: Context, target: Target, wanted: str) -> None:
    """Refusal of what goes only against a rule, by someone who may."""
    anyway = f"promote {target.service} {wanted} to {target.environment} anyway because …"
    if policy.is_mutable(wanted):
        raise Refusal(
            f"{wanted} is a tag that moves: what runs would change without a change in Git, and setting it again does "
            f"nothing. Name a version; to promote it all the same, say: {anyway}"
        )
    if (back := Lineage(ctx.git.moves(target)).rejected(wanted)) is not None:
        raise Refusal(
            f"{wording.short(wanted)} was rolled back in {target.environment} {wording.by(back, ctx.now)}. "
            f"To promote it all the same, say: {anyway}"
        )


def _proposal(ctx: Context, tree: Tree, moves: Sequence[Move], because: str = "") -> Proposal:
    steps = tuple(move.step for move in moves)
    environment = steps[0].target.environment
    place = ctx.catalog.environments[environment]
    title = proposals.promote_title(steps)
    doubts = [
        move.doubt if len(moves) == 1 else f"{move.step.target.service}: {move.doubt}" for move in moves if move.doubt
    ]
    said = [f"Anyway, because {because}"] if because else []
    return Proposal(
        verb="promote",
        steps=steps,
        delivery=place.delivery,
        base=tree.commit,
        drafts=tuple(_draft(ctx, move, said) for move in moves),
        branch=branches.name("promote", steps),
        title=title,
        notes=(*said, *dict.fromkeys(note for move in moves for note in move.notes)),
        confirm=" ".join([*doubts, "Go on?"]) if doubts else None,
        because=because,
        gated=not because
        and any(
            ctx.catalog.environments[each.environment].after
            for move in moves
            for each in (move.step.target, *move.also)
        ),
        also=tuple(other for move in moves for other in move.also),
    )


def _draft(ctx: Context, move: Move, said: Sequence[str]) -> Draft:
    """A commit of its own for each service, so that a rollback of one reverts nothing of the others."""
    paragraphs = [proposals.promote_title([move.step]), *said, proposals.trailers(move.step, ctx.message)]
    return Draft("\n\n".join(paragraphs) + "\n", move.edits)


def _in_both(ctx: Context, origin: str, environment: str) -> tuple[str, ...]:
    there = {target.service for target in ctx.targets(environment=environment)}
    names = tuple(target.service for target in ctx.targets(environment=origin) if target.service in there)
    if not names:
        raise Refusal(f"No service is in both {origin} and {environment}.")
    return names


def _source(ctx: Context, names: Sequence[str] | None, environment: str, origin: str | None) -> str:
    order = list(ctx.catalog.environments)
    place = order.index(environment)
    if origin == environment:
        raise Refusal(f"{environment} is where it goes to and where it comes from; name another environment.")
    if origin is None and place == 0:
        service = names[0] if names and len(names) == 1 else "<service>"
        raise Refusal(
            f"{environment} is the first environment, so name the version: promote {service} <version> to {environment}"
        )
    return origin or ctx.catalog.environments[environment].after or order[place - 1]


def _seen(ctx: Context, names: Sequence[str], origin: str) -> dict[str, Sighting | Refusal]:
    """A look at each service in the origin, or why there is none."""
    found: dict[str, Sighting | Refusal] = {}
    there = []
    for name in names:
        try:
            there.append(ctx.target(name, origin))
        except Refusal as refusal:
            found[name] = refusal
    seen = {sighting.target.service: sighting for sighting in ctx.survey.look(there)}
    return {name: found.get(name) or seen[name] for name in names}


def _version(sighting: Sighting, environment: str) -> str | Refusal:
    """The version as the cluster runs it, or as Git says where no cluster is configured."""
    service, origin = sighting.target.service, sighting.target.environment
    name_it = f"name the version: promote {service} <version> to {environment}"
    if sighting.target.cluster is None:
        return sighting.desired or Refusal(f"Which version {origin} has can't be told ({sighting.why}); {name_it}")
    if sighting.live is None or sighting.sync is SyncState.UNKNOWN:
        return Refusal(f"What runs in {origin} can't be told ({sighting.why or 'it is not there'}); {name_it}")
    if sighting.live != sighting.desired:
        return Refusal(
            f"{service} in {origin} is between versions: Git says {sighting.desired}, "
            f"the cluster runs {sighting.live}; {name_it}"
        )
    return sighting.live


def _doubt(before: str | None, after: str, *, anyway: bool) -> str | None:
    """Why someone should look twice at the version, if they should."""
    if before is None:
        return None
    if policy.is_downgrade(before, after) and not anyway:
        return f"{wording.short(after)} is lower than {wording.short(before)}, so this is a downgrade."
    if policy.differs_in_prefix(before, after):
        return f"One of {before} and {after} begins with a v and the other does not; is that image there?"
    return None


def _moved_too(ctx: Context, tree: Tree, target: Target, edits: Sequence[Edit]) -> tuple[Target, ...]:
    """Which other environments build on the files to be edited, such as one whose base is this one's folder."""
    among = [each for each in ctx.targets(target.service) if each != target and each.repository == target.repository]
    return targets.moved(tree, edits, among)
