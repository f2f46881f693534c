"""A page that must answer: with a status, and with a text if one is asked for."""

from collections.abc import Sequence
from datetime import datetime

from bot.model.catalog import Target
from bot.model.verification import Proof, UrlProbe
from bot.quoting import quoted
from bot.verification import filling
from bot.verification.fetching import Fetch, Unanswered
from bot.verification.words import first


def probe(page: UrlProbe, target: Target, version: str, fetch: Fetch, known: Sequence[str], now: datetime) -> Proof:
    """What it answers; `known` are values of secrets. One that doesn't has not passed: that is what it is asked for."""
    try:
        url = filling.address(page.url, target, version)
    except ValueError as wrong:
        return Proof(quoted(f"GET {page.url}", known=known), False, str(wrong), now)
    what = quoted(f"GET {url}", known=known)
    try:
        # One who asks for the redirect itself must not be led away by it.
        answer = fetch(url, {"Accept": "*/*"}, hops=0) if 300 <= page.status < 400 else fetch(url, {"Accept": "*/*"})
    except Unanswered as silence:
        return Proof(what, False, quoted(str(silence), known=known), now)
    said = f"answered {answer.status} {first(answer.text, known)}".rstrip()
    if answer.status != page.status:
        return Proof(what, False, f"{said}, not {page.status}", now)
    wanted = filling.plain(page.contains, target, version)
    if wanted not in answer.text:
        return Proof(what, False, f"{said}, without {first(wanted, known)}", now)
    return Proof(what, True, f"answered {answer.status}", now)
