"""A Prometheus query of which every value must be between bounds, as `/api/v1/query` answers it
(https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries).

Where there is nothing to judge (no series yet, NaN since nothing was asked of the service, no answer), nobody can tell.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.model.address import endpoint
from bot.model.catalog import Target
from bot.model.secret import Secret
from bot.model.verification import Proof, QueryProbe
from bot.quoting import quoted
from bot.verification import filling
from bot.verification.fetching import Fetch, Unanswered
from bot.verification.words import first

LONGEST = 300
"""Characters of a query that are shown."""
NAMED = 3
"""Values that the evidence names."""


def probe(
    asked: QueryProbe,
    target: Target,
    version: str,
    fetch: Fetch,
    token: Secret | None,
    known: Sequence[str],
    now: datetime,
) -> Proof:
    """What it answers. The token goes to the address that the config names, over TLS or within this machine alone."""
    query = filling.query(asked.query, target, version)
    what = f"the query {first(query, known, LONGEST)}"
    try:
        url = filling.address(asked.prometheus, target, version).rstrip("/")
        headers = {"Accept": "application/json"}
        if token is not None:
            endpoint(url)
            headers["Authorization"] = f"Bearer {token.reveal()}"
    except ValueError as wrong:
        said = f"PROMETHEUS_TOKEN is not sent to it: its address {wrong}" if token else str(wrong)
        return Proof(what, None, said, now)
    host = urlsplit(url).netloc
    try:
        answer = fetch(f"{url}/api/v1/query?{urlencode({'query': query})}", headers, hops=0)
    except Unanswered as silence:
        return Proof(what, None, quoted(f"{host}: {silence}", known=known), now)
    document = _document(answer.text)
    if answer.status != 200 or document.get("status") != "success":
        why = document.get("error") or answer.text
        return Proof(what, None, f"{host} answered {answer.status} {first(str(why), known)}".rstrip(), now)
    passed, evidence = _judged(document.get("data"), asked)
    return Proof(what, passed, quoted(evidence, known=known), now)


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _judged(data: Any, asked: QueryProbe) -> tuple[bool | None, str]:
    try:
        values = _values(data["resultType"], data["result"])
    except (KeyError, TypeError, ValueError, IndexError) as odd:
        return None, str(odd) if isinstance(odd, _Unfit) else "it answered in a form that can't be judged"
    if not values:
        return None, "it has no data yet"
    outside = [value for value in values if not math.isnan(value) and not _is_within(value, asked)]
    if outside:
        return False, f"it gives {_named(outside)}, and must be {_bounds(asked)}"
    if any(math.isnan(value) for value in values):
        return None, "it gives NaN, so there was nothing to measure"
    return True, f"it gives {_named(values)}, which is {_bounds(asked)}"


class _Unfit(ValueError):  # noqa: N818 - it ends as evidence
    """A result that no bounds can be held against; why, as a clause."""


def _values(kind: str, result: Any) -> list[float]:
    if kind == "scalar":
        return [float(result[1])]
    if kind != "vector":
        raise _Unfit(f"it gives a {kind if kind in {'matrix', 'string'} else 'result'}, and only numbers can be judged")
    if not isinstance(result, list):
        raise TypeError(result)
    if any("value" not in each for each in result):
        raise _Unfit("it gives histograms, and only numbers can be judged")
    return [float(each["value"][1]) for each in result]


def _is_within(value: float, asked: QueryProbe) -> bool:
    return (asked.above is None or value > asked.above) and (asked.below is None or value < asked.below)


def _bounds(asked: QueryProbe) -> str:
    said = [("above", asked.above), ("below", asked.below)]
    return " and ".join(f"{word} {bound:g}" for word, bound in said if bound is not None)


def _named(values: list[float]) -> str:
    more = f" and {len(values) - NAMED} more" if len(values) > NAMED else ""
    return ", ".join(f"{value:g}" for value in values[:NAMED]) + more
