"""Which versions stand, which were rolled back, and by which moves the way leads back."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bot.lineage import Lineage, is_ours
from bot.model.catalog import Target
from bot.model.change import Commit, Move

TARGET = Target("payment", "production", "config", ("production/payment",))
OURS = {"Quarterdeck-Change": "1"}


def moves(*versions: str, trailers: dict[str, str] | None = None, message: str = "Change it") -> tuple[Move, ...]:
    """One from each version to the next, newest first; all are by hand unless `trailers` say otherwise."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    made = []
    for number, (old, new) in enumerate(pairwise(versions)):
        commit = Commit(f"c{number}", (), "Ana", "", at, message, trailers or {})
        made.append(Move(TARGET, old, new, commit, "ana"))
    return tuple(reversed(made))


def last(made: tuple[Move, ...], trailers: dict[str, str], message: str = "Change it") -> tuple[Move, ...]:
    """The same, but the newest is by such a commit."""
    newest = replace(made[0], commit=replace(made[0].commit, trailers=trailers, message=message))
    return (newest, *made[1:])


def test_the_way_back_is_the_newest_move() -> None:
    lineage = Lineage(moves("v1", "v2", "v3"))
    way = lineage.back()
    assert way is not None
    assert (way.moves, way.to_version, way.again, way.undoes) == (lineage.moves[:1], "v2", None, False)
    assert lineage.earlier == ("v2", "v1")


def test_row_138_after_a_rollback_it_goes_further_back() -> None:
    lineage = Lineage(moves("v1", "v2", "v3", "v2"))
    way = lineage.back()
    assert way is not None
    assert (way.moves, way.to_version, way.again) == (lineage.moves[2:], "v1", lineage.moves[0])


@pytest.mark.parametrize("versions", [(), ("v1",), ("v1", "v2", "v1")])
def test_where_nothing_stands_below_there_is_no_way(versions: tuple[str, ...]) -> None:
    assert Lineage(moves(*versions)).back() is None


def test_to_a_version_leads_past_all_that_came_after_it() -> None:
    lineage = Lineage(moves("v1", "v2", "v3"))
    way = lineage.back_to("v1")
    assert way is not None
    assert (way.moves, way.to_version, way.undoes) == (lineage.moves, "v1", False)
    assert lineage.back_to("v9") is None


def test_to_what_was_left_undoes_the_rollback() -> None:
    lineage = Lineage(moves("v1", "v2", "v1"))
    way = lineage.back_to("v2")
    assert way is not None
    assert (way.moves, way.undoes, way.again) == (lineage.moves[:1], True, lineage.moves[0])


@pytest.mark.parametrize(
    ("name", "trailers", "message"),
    [
        ("by hand", {}, "Set payment to v1"),
        ("a git revert of a person's", {}, 'Revert "Set payment"\n\nThis reverts commit abc.'),
        ("a revert of ours", OURS, 'Revert "Promote payment"\n\nThis reverts commit abc.'),
        ("a merged rollback of ours", OURS | {"Quarterdeck-Rejects": "v2"}, "Merge pull request #3 from acme/x"),
    ],
)
def test_what_was_gone_back_from_is_rejected(name: str, trailers: dict[str, str], message: str) -> None:
    made = last(moves("v1", "v2", "v1"), trailers, message)
    assert (Lineage(made).rejected("v2"), Lineage(made).rejected("v1")) == (made[0], None), name


def test_a_promotion_of_ours_to_a_lower_version_rejects_nothing() -> None:
    assert Lineage(last(moves("v1", "v2", "v1"), OURS, "Promote payment")).rejected("v2") is None


def test_what_was_gone_past_is_rejected_too() -> None:
    made = moves("v1", "v2", "v3", "v1")
    assert [Lineage(made).rejected(version) for version in ("v2", "v3")] == [made[0], made[0]]


def test_it_is_rejected_until_somebody_goes_to_it_again() -> None:
    assert Lineage(moves("v1", "v2", "v1", "v2")).rejected("v2") is None
    again = moves("v1", "v2", "v1", "v2", "v1")
    assert Lineage(again).rejected("v2") is again[0]


def test_a_version_is_known_by_its_tag_or_digest_alone() -> None:
    made = moves("v1", "v2@sha256:aa", "v1")
    assert [Lineage(made).rejected(said) for said in ("v2", "sha256:aa")] == [made[0], made[0]]
    way = Lineage(made).back_to("v2")
    assert way is not None
    assert way.to_version == "v2@sha256:aa"


def test_what_was_undone_is_told_with_what_undid_it() -> None:
    made = moves("v1", "v2", "v1", "v3")
    lineage = Lineage(made)
    assert [lineage.undone(move) for move in made] == [None, None, made[1]]


def test_where_the_service_was_gone_nothing_older_stands() -> None:
    gone = (replace(moves("v1", "v2")[0], to_version=None),)
    assert Lineage((*(replace(move, from_version=None) for move in moves("", "v3")), *gone)).back() is None


@pytest.mark.parametrize(
    ("trailers", "message", "ours"),
    [
        ({}, "Set it", False),
        (OURS, "Promote payment", True),
        ({}, "Ship (#3)\n\n* Promote payment\n\nQuarterdeck-Change: 1\n\n* Promote api", True),
        ({}, "Mention Quarterdeck-Change: in passing", False),
    ],
)
def test_ours_is_told_by_its_trailer_squashed_or_not(trailers: dict[str, str], message: str, *, ours: bool) -> None:
    (move,) = moves("v1", "v2", trailers=trailers, message=message)
    assert is_ours(move) is ours
