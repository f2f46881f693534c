"""What is planned, asked back, or came of a change, as replies. Plain text; whoever shows it escapes it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from bot import wording
from bot.model.catalog import Merge
from bot.model.change import (
    Adopted,
    Amendment,
    Change,
    Committed,
    Contested,
    Done,
    Errand,
    Failed,
    Opened,
    Release,
    Reversal,
    Unchanged,
    Withdrawal,
    Withdrawn,
)
from bot.model.change import Outcome as Result
from bot.model.pull import PullRequest
from bot.model.reply import Choice, Layout, Outcome, Reply, Section

Plan = Change | Release | Withdrawal
"""What a command may ask for of Git and the forge."""

LINKS: Final = 3
"""Pull requests that a reply has buttons for; its table names all."""

_WORST_FIRST: Final = (
    Outcome.FAILED,
    Outcome.REFUSED,
    Outcome.CONTESTED,
    Outcome.OPENED,
    Outcome.ADOPTED,
    Outcome.COMMITTED,
    Outcome.UNCHANGED,
)
_DONE: Final = {
    Outcome.FAILED: "failed",
    Outcome.REFUSED: "refused",
    Outcome.CONTESTED: "in another pull request",
    Outcome.OPENED: "on the way by pull request",
    Outcome.ADOPTED: "on the way by pull request",
    Outcome.COMMITTED: "committed",
    Outcome.UNCHANGED: "there already",
}


def performed(proposal: Change, result: Result) -> Reply:
    """What came of a proposal, for the person who asked."""
    moved = wording.change(proposal)
    done = "Rolled back" if isinstance(proposal, Reversal) else "Promoted"
    notes = tuple(Section(note) for note in proposal.notes)
    match result:
        case Opened(pull, superseded, why):
            text = f"{moved}. Pull request #{pull.number} is open{_next(proposal, pull)}"
            older = wording.joined([f"#{each.number}" for each in superseded])
            said = [why, f"It takes the place of {older}." if older else ""]
            if proposal.draft and not pull.draft:
                said.append("It is no draft, since its repository has none.")
            sections = (*map(Section, filter(None, said)), *notes)
            return Reply(Outcome.OPENED, text, sections, _links([pull]), pull=pull)
        case Adopted(pull):
            text = f"{moved}. Pull request #{pull.number} does this already; its text is brought up to date."
            return Reply(Outcome.ADOPTED, text, notes, _links([pull]), pull=pull)
        case Committed(commit):
            text = f"{done} {moved}, in commit {commit[:10]}."
            return Reply(Outcome.COMMITTED, text, notes, commit=commit)
        case Unchanged(why):
            return Reply(Outcome.UNCHANGED, why)
        case Contested(target, pull):
            doing = "amended" if isinstance(proposal, Amendment) else "moved"
            text = (
                f"{target} is being {doing} by pull request #{pull.number} ({pull.title}) already. "
                "Merge or close that one, then say it again."
            )
            return Reply(Outcome.CONTESTED, text, choices=_links([pull]), pull=pull)
        case Withdrawn():
            raise AssertionError(f"{result} is no result of a change to files")
        case Failed(why):
            return Reply(Outcome.FAILED, why)


def withdrawn(withdrawal: Withdrawal) -> Reply:
    """A pull request of ours is closed."""
    pull = withdrawal.pull
    return Reply(Outcome.WITHDRAWN, withdrawal.text, choices=_links([pull]), pull=pull)


def run(result: Done | Unchanged) -> Reply:
    """What came of an errand."""
    if isinstance(result, Unchanged):
        return Reply(Outcome.UNCHANGED, result.why)
    return Reply(Outcome.DONE, result.text, choices=result.choices)


def released(release: Release, replies: Sequence[Reply]) -> Reply:
    """What came of several services: one line each, whatever became of the others. `replies` are the proposals'.

    The outcome is the worst of all, so that a script learns that not everything went.
    """
    rows, data, whys = [("Service", "From", "To", "Result")], [], []
    outcomes: list[Outcome] = []
    for proposal, reply in zip(release.proposals, replies, strict=True):
        whys += [reply.text] if _went_wrong(reply.outcome) else []
        whys += [section.text for section in reply.sections if section.layout is Layout.TEXT]
        for step in proposal.steps:
            outcomes.append(reply.outcome)
            versions = wording.short(step.from_version), wording.short(step.to_version)
            rows.append((step.target.service, *versions, _result(reply)))
            data.append(
                {
                    "service": step.target.service,
                    "environment": step.target.environment,
                    "from": step.from_version,
                    "to": step.to_version,
                    "outcome": reply.outcome.value,
                    "pull": reply.pull.number if reply.pull else None,
                    "commit": reply.commit,
                    "why": reply.text,
                }
            )
    for skipped in release.skipped:
        outcome = Outcome.REFUSED if skipped.refused else Outcome.UNCHANGED
        outcomes.append(outcome)
        rows.append((skipped.service, "", "", _DONE[outcome]))
        whys.append(skipped.why)
        said = {"service": skipped.service, "environment": skipped.environment}
        nothing = dict.fromkeys(("from", "to", "pull", "commit"))
        data.append(said | {"outcome": outcome.value, "why": skipped.why} | nothing)
    pulls = list({reply.pull.number: reply.pull for reply in replies if reply.pull}.values())
    environment = release.proposals[0].environment if release.proposals else release.skipped[0].environment
    what = "Rollback in" if any(isinstance(each, Reversal) for each in release.proposals) else "Release to"
    return Reply(
        min(outcomes, key=_WORST_FIRST.index),
        f"{what} {environment}: {_counted(outcomes)}.{_to_merge(pulls)}",
        (Section(layout=Layout.TABLE, rows=tuple(rows)), *map(Section, dict.fromkeys(whys))),
        _links(pulls[:LINKS]),
        data={"results": data},
        pull=pulls[0] if len(pulls) == 1 else None,
        commit=next((reply.commit for reply in reversed(replies) if reply.commit), None),
    )


def planned(plan: Plan | Errand, shown: str) -> Reply:
    """What would happen, under `--dry-run`; `shown` is the diff."""
    if isinstance(plan, Errand):
        return Reply(Outcome.PLANNED, f"{plan.would}. Nothing was done.")
    if isinstance(plan, Withdrawal):
        return Reply(Outcome.PLANNED, f"Pull request #{plan.pull.number} would be closed. Nothing was done.")
    skipped = tuple(each.why for each in plan.skipped) if isinstance(plan, Release) else ()
    said = " ".join(f"{wording.change(each)}, by {_how(each)}." for each in proposed(plan)) or "Nothing would change."
    return Reply(Outcome.PLANNED, f"{said} Nothing was done.", (*_notes(plan, *skipped), *_code(shown)))


def doubts(plan: Plan) -> str:
    """Why a person must confirm first; empty where nobody must."""
    if isinstance(plan, Release) and len(plan.proposals) != 1:
        return " ".join(f"{wording.services(each.steps)}: {each.confirm}" for each in plan.proposals if each.confirm)
    only = plan.proposals[0] if isinstance(plan, Release) else plan
    return only.confirm or ""


def question(plan: Plan, confirmation: str, shown: str, note: str = "") -> Reply:
    """What a person must say yes to first, and the buttons for it. `note` is said before all other notes."""
    if isinstance(plan, Withdrawal):
        label, said = f"Close #{plan.pull.number}", f"Pull request #{plan.pull.number} would be closed"
    else:
        label = "Roll back" if any(isinstance(each, Reversal) for each in proposed(plan)) else "Promote"
        said = "; ".join(map(wording.change, proposed(plan)))
    choices = (
        Choice(label, action="confirm", value=confirmation, danger=True),
        Choice("Cancel", action="cancel", value=confirmation),
    )
    sections = (*([Section(note)] if note else []), *_notes(plan), *_code(shown))
    return Reply(Outcome.CONFIRM, f"{said}. {doubts(plan) or 'Go on?'}", sections, choices)


def proposed(plan: Plan) -> tuple[Change, ...]:
    """The changes of a plan, however many it has."""
    if isinstance(plan, Withdrawal):
        return ()
    return plan.proposals if isinstance(plan, Release) else (plan,)


def _notes(plan: Plan, *more: str) -> tuple[Section, ...]:
    said = [note for each in proposed(plan) for note in each.notes]
    return tuple(map(Section, dict.fromkeys([*said, *more])))


def _code(shown: str) -> tuple[Section, ...]:
    return (Section(shown, Layout.CODE),) if shown else ()


def _how(proposal: Change) -> str:
    return f"a pull request from {proposal.branch}" if proposal.delivery == "pull-request" else "a commit"


def _went_wrong(outcome: Outcome) -> bool:
    return outcome in {Outcome.FAILED, Outcome.REFUSED, Outcome.CONTESTED, Outcome.UNCHANGED}


def _result(reply: Reply) -> str:
    if reply.pull:
        return f"pull request #{reply.pull.number}"
    return f"commit {reply.commit[:10]}" if reply.commit else _DONE[reply.outcome]


def _counted(outcomes: Iterable[Outcome]) -> str:
    """`2 on the way by pull request, 1 there already, 1 refused`."""
    counts = Counter(_DONE[outcome] for outcome in sorted(outcomes, key=_WORST_FIRST.index, reverse=True))
    return ", ".join(f"{count} {done}" for done, count in counts.items())


def _to_merge(pulls: Sequence[PullRequest]) -> str:
    if not pulls:
        return ""
    named = wording.joined([f"#{pull.number}" for pull in pulls[:LINKS]])
    more = f" and {len(pulls) - LINKS} more" if len(pulls) > LINKS else ""
    return f" Merge {named}{more}, and the cluster follows."


def _next(proposal: Change, pull: PullRequest) -> str:
    """What has to happen with a pull request for the cluster to follow."""
    if proposal.merge is Merge.WHEN_READY:
        return ": it merges as soon as the rules of its branch allow, and the cluster follows."
    if pull.draft:
        return " as a draft: say on its page that it is ready, merge it, and the cluster follows."
    return ": merge it and the cluster follows."


def _links(pulls: Iterable[PullRequest]) -> tuple[Choice, ...]:
    return tuple(Choice(f"Open #{pull.number}", url=pull.url) for pull in pulls)
