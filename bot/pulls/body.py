"""What a pull request says: what an approver would ask, answered without a click, and shortest where all is well.

Written from values alone: `bot.pulls.briefing` finds them out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot import policy, proposals, wording
from bot.comparison.rendered import Changed
from bot.markdown import bullets, code, fenced, folded, table, text
from bot.model.catalog import ImagePolicy, Merge
from bot.model.change import Comparison, Proposal, Reversal, Step
from bot.model.request import Message
from bot.model.sync import Health, Sighting, SyncState
from bot.pulls import changelog

LONGEST = 65_536
"""GitHub's limit, in characters."""
SECTIONS = 3
"""Services with a section that stands open; of more, all are folded."""
OBJECTS = 8
"""Objects of one service whose differences are shown."""
DIFF = 6_000
"""Characters of one diff: nobody reads more of it here."""
NAMED = 5
"""Names in one list; of more, it says how many."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What was found out about a step; a sentence where it could not be, None where there is nothing to find."""

    changes: tuple[Changed, ...] | str
    now: Sighting | str
    earlier: tuple[Sighting, ...] = ()
    """The service in the environments before this one."""
    source: str = ""
    """The repository it is built from."""
    news: Comparison | str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the body. Where the whole is too long, pieces of the highest `rank` go first, and `what` they were is
    said; those of rank 0 stay, and so are always short."""

    text: str
    rank: int = 0
    what: str = ""


def write(proposal: Proposal, message: Message, images: ImagePolicy, briefs: Sequence[Brief] = ()) -> str:
    """The whole body. Without briefs it is what is known at once, which is enough where nothing more can be found."""
    several = len(proposal.steps) > 1
    notes = [*proposal.notes, *_doubts(proposal)]
    parts = [Part(_summary(proposal, message)), *(Part(f"> {text(note)}", 2, "a note") for note in notes)]
    if several:
        parts += [Part(_overview(proposal.steps, briefs), 1, "the table of its services")]
    state = [] if several or not briefs else _state(proposal, proposal.steps[0], briefs[0])
    parts += [Part(bullets([*state, *_gates(proposal, images)]), 2, "what is checked and awaited")]
    for step, brief in zip(proposal.steps, briefs, strict=bool(briefs)):
        parts += _section(proposal, step, brief) if several else _details(proposal, step, brief, "###")
    paths = {edit.path for edit in proposal.edits}
    files = f"{len(paths)} file{'s' if len(paths) > 1 else ''}"
    shown = fenced(cut(proposals.diff(proposal.edits)))
    parts += [Part(folded(f"The change in Git: {files}", shown) if briefs else shown, 5, "the diff of its files")]
    return fitted(parts, [Part(_undo(proposal)), Part(proposals.hidden_block(proposal.steps, message))])


def _summary(proposal: Proposal, message: Message) -> str:
    verb = "Rolls back" if isinstance(proposal, Reversal) else "Promotes"
    if len(proposal.steps) == 1:
        (step,) = proposal.steps
        moved = f" from {_version(step.from_version)} to **{_version(step.to_version)}**"
    else:
        moved = ""
    what = f"{verb} **{text(wording.services(proposal.steps))}**{moved} in **{text(proposal.environment)}**"
    return f"{what}. {proposals.asked(message)}"


def _doubts(proposal: Proposal) -> list[str]:
    """What had to be confirmed: whoever approves should know it as well."""
    return [proposal.confirm.removesuffix(" Go on?")] if proposal.confirm else []


def _overview(steps: Sequence[Step], briefs: Sequence[Brief]) -> str:
    """A row for each service; a version that isn't the one before is bold."""
    rows = []
    for number, step in enumerate(steps):
        row = [text(step.target.service), _version(step.from_version), f"**{_version(step.to_version)}**"]
        if briefs:
            now = briefs[number].now
            before = "; ".join(f"{text(each.target.environment)} {_running(each)}" for each in briefs[number].earlier)
            other = any(_differs(each, step) for each in briefs[number].earlier)
            row += [text(now) if isinstance(now, str) else _running(now), f"**{before}**" if other else before]
        rows.append(row)
    return table(["Service", "From", "To", *(["Now", "Before it"] if briefs else [])], rows)


def _state(proposal: Proposal, step: Step, brief: Brief) -> list[str]:
    """Where the service is now and, for one that goes forward, where the version has been."""
    now = brief.now
    lines = [text(now) if isinstance(now, str) else f"Now in {text(now.target.environment)}: {_running(now)}."]
    if not isinstance(proposal, Reversal):
        for each in brief.earlier:
            there = f"Before it, in {text(each.target.environment)}: {_running(each)}."
            lines.append(f"{there} **That is another version.**" if _differs(each, step) else there)
    return lines


def _running(seen: Sighting) -> str:
    version = f"{_version(seen.live or seen.desired)}{'' if seen.live else ' in Git'}"
    why = f" ({text(seen.why)})" if seen.why else ""
    unknown = seen.sync is SyncState.UNKNOWN and seen.health is Health.UNKNOWN
    return f"{version}, {'the rest is unknown' if unknown else f'{seen.sync}, {seen.health}'}{why}"


def _differs(seen: Sighting, step: Step) -> bool:
    return (seen.live or seen.desired) not in {None, step.to_version}


def _gates(proposal: Proposal, images: ImagePolicy) -> Iterable[str]:
    """What is checked already, and what must still come."""
    rules = list(map(code, [*([images.version] if images.version else []), *images.allow]))
    if rules and not isinstance(proposal, Reversal):
        more = [f"{len(rules) - NAMED} more"] if len(rules) > NAMED else []
        yield f"Checked: the image policy allows it ({', '.join([*rules[:NAMED], *more])})."
    if proposal.reviewers:
        yield f"Awaited: a review by {text(wording.joined(proposal.reviewers))}."
    if proposal.draft:
        yield "Awaited: someone who says that this draft is ready."
    if proposal.merge is Merge.WHEN_READY:
        yield "It merges by itself as soon as the rules of the branch allow."


def _section(proposal: Proposal, step: Step, brief: Brief) -> list[Part]:
    """One of several services."""
    heading = f"{step.target.service}: {wording.short(step.from_version)} → {wording.short(step.to_version)}"
    service = step.target.service
    details = _details(proposal, step, brief, "####")
    if len(proposal.steps) <= SECTIONS:
        return [Part(f"### {text(heading)}"), *details]
    return [Part(folded(heading, _joined(details).rstrip()), 3, f"what is new for {service}")]


def _details(proposal: Proposal, step: Step, brief: Brief, level: str) -> list[Part]:
    service = step.target.service
    cluster = f"{level} In the cluster\n\n{_cluster(brief.changes)}"
    parts = [Part(cluster, 3, f"what changes in the cluster for {service}")]
    if brief.news is not None:
        news = _news(brief, step, level, back=goes_back(proposal, step))
        parts.append(Part(news, 4, f"the commits of {service}"))
    return parts


def _news(brief: Brief, step: Step, level: str, *, back: bool) -> str:
    older, newer = _version(step.from_version), _version(step.to_version)
    title = f"{level} Gone with {older}" if back else f"{level} New in {newer}"
    if not isinstance(brief.news, Comparison):
        return f"{title}\n\n{text(brief.news or '')}"
    lost = [f"**{changelog.commits(brief.news.missing)} of {older} will be gone.**"] if brief.news.missing else []
    return "\n\n".join([title, *([] if back else lost), changelog.listed(brief.news, brief.source)])


def goes_back(proposal: Proposal, step: Step) -> bool:
    """Whether a step takes commits of the service's source away."""
    return isinstance(proposal, Reversal) or bool(
        step.from_version and policy.is_downgrade(step.from_version, step.to_version)
    )


def _cluster(changed: tuple[Changed, ...] | str) -> str:
    if isinstance(changed, str):
        return f"What changes can't be shown: {text(changed)}"
    if not changed:
        return "Nothing changes: every object is the same before and after."
    shown = [f"{code(each.object)}\n\n{fenced(cut(each.diff))}" for each in changed[:OBJECTS]]
    if more := changed[OBJECTS:]:
        kinds = groupby(sorted(each.object.partition(" ")[0] for each in more))
        shown.append(
            f"{len(more)} more objects change: {text(', '.join(f'{len(list(n))} {kind}' for kind, n in kinds))}."
        )
    return "\n\n".join(shown)


def _undo(proposal: Proposal) -> str:
    first, *others = proposal.steps
    if isinstance(proposal, Reversal):
        # Once more would go further back, and what was rolled back is promoted only by those who may override.
        back = [
            code(f"promote {step.target.service} {step.from_version} to {proposal.environment} anyway because …")
            for step in proposal.steps
        ]
        more = [f"so on for {len(back) - NAMED} more"] if len(back) > NAMED else []
        said = wording.joined([*back[:NAMED], *more])
    else:
        said = "`rollback pr` with the number of this pull request" if others else code(f"rollback {first.target}")
    return f"To undo it once it is merged, say {said}; before that, close this pull request."


def _version(version: str | None) -> str:
    return text(wording.short(version))


def cut(diff: str) -> str:
    if len(diff) <= DIFF:
        return diff
    kept = diff[:DIFF].rpartition("\n")[0]
    return f"{kept}\n … and {diff.count(chr(10)) - kept.count(chr(10)):,} more lines"


def fitted(parts: Sequence[Part], end: Sequence[Part]) -> str:
    """All of it, or as much as fits: of what matters least, the last goes first."""
    kept, left_out = list(parts), ""
    by_rank = sorted(range(len(kept)), key=lambda number: (kept[number].rank, number))
    gone: list[str] = []
    while len(whole := _joined([*kept, Part(left_out), *end])) > LONGEST and kept[by_rank[-1]].rank:
        gone.append(kept[by_rank[-1]].what)
        kept[by_rank.pop()] = Part("")
        more = [f"{len(gone) - NAMED} more"] if len(gone) > NAMED else []
        left_out = f"Left out, since it would be too long: {text(wording.joined([*gone[:NAMED], *more]))}."
    return whole


def _joined(parts: Iterable[Part]) -> str:
    return "\n\n".join(part.text for part in parts if part.text) + "\n"
