"""Samples of seconds into one table. Knows nothing of what was measured, and judges nothing."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

Sample = Callable[[], float]
"""Does it once; the seconds of the part that counts."""

HEADINGS = ("what", "n", "median", "p95", "beside it", "median", "ratio", "target")


@dataclass(frozen=True)
class Figure:
    """What was measured, and the same by other means in the same run; seconds.

    `target` is of the median, in seconds; `most` is of the ratio.
    """

    what: str
    seconds: Sequence[float]
    beside: str = ""
    theirs: Sequence[float] = ()
    target: float | None = None
    most: float | None = None


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def alternately(times: int, *samples: Sample) -> list[list[float]]:
    """So many of each, by turns, so that a busy moment of the machine hits all alike; one more first, not counted."""
    taken: list[list[float]] = [[] for _ in samples]
    for turn in range(times + 1):
        for sample, seconds in zip(samples, taken, strict=True):
            took = sample()
            if turn:
                seconds.append(took)
    return taken


def table(figures: Iterable[Figure]) -> str:
    """The ratio is ours to theirs: below 1 is faster than what stands beside it."""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join("  ".join(map(_cell, row, widths, HEADINGS)).rstrip() for row in rows)


def _cell(text: str, width: int, heading: str) -> str:
    return text.ljust(width) if heading in {"what", "beside it"} else text.rjust(width)


def _row(figure: Figure) -> tuple[str, ...]:
    middle, theirs = median(figure.seconds), median(figure.theirs) if figure.theirs else None
    return (
        figure.what,
        str(len(figure.seconds)),
        _spell(middle),
        _spell(_p95(figure.seconds)),
        figure.beside,
        "" if theirs is None else _spell(theirs),
        "" if theirs is None else f"{middle / theirs:.2g}",
        _aim(figure),
    )


def _aim(figure: Figure) -> str:
    if figure.most is not None:
        return f"ratio ≤ {figure.most:g}"
    return "" if figure.target is None else f"< {_spell(figure.target)}"


def _p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]


def _spell(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.3g} ms" if seconds < 0.9995 else f"{seconds:.2f} s"
