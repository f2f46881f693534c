"""How fast a cluster is asked."""

import time

from bot.clusters.pace import Pace


def took(pace: Pace, turns: int) -> float:
    began = time.monotonic()
    assert all(pace.turn(5) for _ in range(turns))
    return time.monotonic() - began


def test_a_burst_is_free_and_the_rest_takes_its_time() -> None:
    pace = Pace(rate=100, burst=5)

    assert took(pace, 5) < 0.05
    assert took(pace, 5) > 0.03


def test_a_turn_that_comes_too_late_is_refused_at_once_and_costs_nobody_else() -> None:
    pace = Pace(rate=10, burst=1)
    pace.turn(5)

    assert not any(pace.turn(0.01) for _ in range(100))
    assert took(pace, 1) < 0.2


def test_a_pause_is_everybodys() -> None:
    pace = Pace()
    pace.pause(0.1)

    assert not pace.turn(0.01)
    assert took(pace, 1) > 0.05
