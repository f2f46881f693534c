"""What a pull request says, word for word, and that nothing in it can do harm or grow too long."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.comparison.rendered import Changed
from bot.model.catalog import Delivery, ImagePolicy, Merge, Target
from bot.model.change import Comparison, Draft, Edit, Entry, Proposal, Reversal, Step
from bot.model.request import Actor, Message, Place
from bot.model.sync import Health, Sighting, SyncState
from bot.pulls import body
from bot.pulls.body import Brief

GOLDEN = Path(__file__).parents[2] / "golden/pull"
LINK = "https://acme.slack.com/archives/C1/p1"
ANA = Message(
    "Ev1", "promote payment v1.3.0 to prod", Actor("U1", "Ana", github="ana"), Place("C1", "1.2", LINK),
    datetime(2026, 3, 2, tzinfo=UTC),
)  # fmt: skip
POLICY = ImagePolicy(("registry.example.com/*",), "semver")
COMPARED = "https://github.com/acme/payment/compare/v1.2.0...v1.3.0"


def target(service: str = "payment", environment: str = "production") -> Target:
    return Target(service, environment, "config", (f"environments/{environment}/{service}",), environment)


def step(service: str = "payment", older: str | None = "v1.2.0", newer: str = "v1.3.0") -> Step:
    return Step(target(service), older, newer)


def edit(each: Step) -> Edit:
    path = f"{each.target.folders[0]}/kustomization.yaml"
    return Edit(path, f"newTag: {each.from_version}\n".encode(), f"newTag: {each.to_version}\n".encode())


def proposal(*steps: Step, kind: type[Proposal] = Proposal, **more: object) -> Proposal:
    given = steps or (step(),)
    drafts = tuple(Draft("Promote it\n", (edit(each),)) for each in given)
    return kind(
        verb="promote",
        steps=given,
        delivery=Delivery.PULL_REQUEST,
        base="0" * 40,
        drafts=drafts,
        branch="quarterdeck/x",
        title="Promote it",
        **more,  # type: ignore[arg-type] # the fields' own types
    )


def sighting(each: Target, version: str, sync: SyncState = SyncState.SYNCED, why: str = "") -> Sighting:
    health = Health.HEALTHY if sync is SyncState.SYNCED else Health.PROGRESSING
    return Sighting(each, "0" * 40, version, version, sync, health, why)


def moved(each: Step) -> Changed:
    image = f"registry.example.com/{each.target.service}"
    lines = [
        "       containers:",
        f"       - name: {each.target.service}",
        f"-        image: {image}:{each.from_version}",
        f"+        image: {image}:{each.to_version}",
        "         ports:",
    ]
    return Changed(f"Deployment shop/{each.target.service}", "\n".join(lines))


NEWS = Comparison(
    COMPARED,
    (
        Entry("5" * 40, "Say why a card was declined", "cleo", "https://x/5"),
        Entry("4" * 40, "Retry declined cards (#41)", "ben", "https://x/4", 41),
        Entry("3" * 40, "Merge branch 'main' into retries", "ben", "https://x/3"),
        Entry("2" * 40, "Merge pull request #40 from acme/ledger", "ana", "https://x/2", 40),
    ),
    4,
)


def brief(each: Step, **more: object) -> Brief:
    earlier = (sighting(target(each.target.service, "staging"), each.to_version),)
    known = Brief((moved(each),), sighting(each.target, each.from_version or "v0"), earlier, "acme/payment", NEWS)
    return replace(known, **more)  # type: ignore[arg-type] # the fields' own types


BACK = Step(target(), "v1.3.0", "v1.2.0")
RELEASE = (step(), step("api", "v2.7.3", "v2.8.0"))
MANY = tuple(step(f"service-{number}") for number in range(6))
CASES = {
    "at-once": (proposal(reviewers=("ben",)), ()),
    "promotion": (proposal(reviewers=("ben", "acme/sre")), [brief(step())]),
    "rollback": (
        proposal(
            BACK,
            kind=Reversal,
            notes=("Later changes stand in the way of a git revert, so only the version is set back.",),
            confirm="v1.3.0 in production was set by Cleo (3c64dae9e3), not by me. Go on?",
        ),
        [brief(BACK, news=NEWS, earlier=(sighting(target(environment="staging"), "v1.3.0"),))],
    ),
    "unknown": (
        proposal(draft=True),
        [
            brief(
                step(),
                changes="It took too long to find out.",
                now=sighting(target(), "v1.2.0", SyncState.PENDING, "Git is ahead: the cluster has not applied it yet"),
                earlier=(sighting(target(environment="staging"), "v1.2.9"),),
                news="acme/payment has no tag v1.3.0 or 1.3.0.",
            )
        ],
    ),
    "behind": (
        proposal(merge=Merge.WHEN_READY),
        [brief(step(), changes=(), news=Comparison(COMPARED, (), 0, 2), earlier=(), now="GitHub is away.")],
    ),
    "release": (proposal(*RELEASE), [brief(RELEASE[0]), brief(RELEASE[1], news=None)]),
    "release-of-many": (proposal(*MANY), [brief(each, news=None) for each in MANY]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_body_word_for_word(name: str) -> None:
    planned, briefs = CASES[name]
    written = body.write(planned, ANA, POLICY, briefs)
    golden = GOLDEN / f"{name}.md"
    assert written == golden.read_text(encoding="utf-8")


def test_the_hidden_block_is_json_that_tells_the_steps() -> None:
    found = re.search(r"<!-- quarterdeck (.*) -->", body.write(proposal(), ANA, POLICY))
    assert found is not None
    said = json.loads(found[1])
    assert said["steps"] == [{"service": "payment", "from": "v1.2.0", "to": "v1.3.0"}]


PIECES = [
    *[
        "-->",
        "--",
        ">",
        "<!--",
        "</details>",
        "</code>",
        "<script>",
        "<img src=x>",
        "&lt;",
        "\u202e",
        "\n",
        "\r\n",
        " ",
    ],
    *["@org/team", "@", "#12", "#", "GH-3", "[x](http://e.de)", "http://e.de", "www.e.de"],
    *["```", "|", "`", "\\", "-", "é", "x"],
]
NASTY = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6).map("".join)
OUR_TAGS = {"<details>", "</details>", "<summary>", "</summary>"}


def hostile(text: str, *, several: bool, known: bool) -> str:
    """A body in which everything that someone else may have written is this text."""
    steps = (Step(Target(text, "production", "config", (text,), text), text, text),) * (5 if several else 1)
    planned = proposal(*steps, notes=(text,), reviewers=(text,), kind=Proposal if several else Reversal)
    message = replace(ANA, actor=Actor("U1", text), place=Place("C1", "1", text))
    seen = sighting(steps[0].target, text, why=text)
    news = Comparison(text, (Entry("1", text, text, text, 3),), 9, 2)
    found = Brief((Changed(text, text),), seen, (seen,), text, news)
    briefs = [found if known else Brief(text, text, (), text, text)] * len(steps)
    return body.write(planned, message, ImagePolicy((text,), text), briefs)


def outside_fences(written: str) -> str:
    """The Markdown that isn't code: by CommonMark, a fence ends at a line of as many back-ticks or more, and a span at
    a run of exactly as many."""
    kept, fence = [], ""
    for line in written.split("\n"):
        run = re.match(r" {0,3}(`{3,})", line)
        if fence:
            fence = "" if run and line.strip() == run[1] and len(run[1]) >= len(fence) else fence
        elif run:
            fence = run[1]
        else:
            kept.append(line)
    assert not fence, "a fence is open at the end"
    return re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", "CODE", "\n".join(kept))


@given(NASTY, st.booleans(), st.booleans())
@example("http://x --> www.e.de", True, True)
@example("http://e.dehttp://e.de", False, False)
@example("http://e.de@org/team", False, False)
def test_no_text_from_people_pings_links_or_ends_anything(text: str, several: bool, known: bool) -> None:
    written = hostile(text, several=several, known=known)
    assert len(written) <= body.LONGEST
    assert written.count("<!--") == written.count("-->") == 1
    prose = outside_fences(written)
    hidden = prose.index("<!-- quarterdeck {")
    assert prose[hidden:].rstrip().endswith("} -->")
    prose = prose[:hidden]
    # Where a link leads pings nobody.
    shown = re.sub(r"(?<!\\)\]\(.*?\)", "]()", prose)
    assert not re.search(r"@(?!\u200b)|#(?=\d)|\bGH-(?=\d)", shown, re.IGNORECASE)
    assert set(re.findall(r"<[^>]*>?", prose)) <= OUR_TAGS
    assert prose.count("<details>") == prose.count("</details>")
    assert not re.search(r"https?://|\bwww\.", shown, re.IGNORECASE)
    assert not [address for address in re.findall(r"(?<!\\)\]\((.*?)\)", prose) if re.search(r"[\s<>]", address)]


def test_a_body_that_would_be_too_long_says_what_is_left_out() -> None:
    steps = tuple(step(f"service-{number}") for number in range(60))
    long = "\n".join(f"+ line {number}" for number in range(2_000))
    briefs = [brief(each, changes=(Changed("Deployment shop/x", long),) * 9) for each in steps]
    written = body.write(proposal(*steps), ANA, POLICY, briefs)
    assert len(written) <= body.LONGEST
    assert "| service-59 | v1.2.0 | **v1.3.0** |" in written
    assert "Left out, since it would be too long: the diff of its files, what is new for service-59, " in written
    assert written.rstrip().endswith("-->")
    alone = body.write(proposal(), ANA, POLICY, [brief(step(), changes=(Changed("Deployment shop/x", long),) * 9)])
    assert re.search(r"\n … and 1,\d+ more lines\n```", alone)
    assert "1 more objects change: 1 Deployment." in alone
    assert "Left out" not in alone


def test_texts_that_are_too_long_are_cut() -> None:
    everything = "<" * 100_000
    nasty = replace(step(), target=replace(target(), service=everything), to_version=everything)
    written = body.write(proposal(nasty, notes=(everything,) * 99), ANA, ImagePolicy((everything,) * 99, everything))
    assert len(written) <= body.LONGEST
    assert "To undo it once it is merged" in written
