"""What each probe makes of what it sees, in words. Who fetches is not asked here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Unavailable
from bot.model.catalog import Target
from bot.model.secret import Secret
from bot.model.sync import Manifest
from bot.model.verification import JobProbe, Probe, Proof, QueryProbe, UrlProbe
from bot.verification import filling
from bot.verification.fetching import Fetched, Unanswered
from bot.verification.prober import Prober
from bot.verification.words import first

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAYMENT = Target("payment", "production", "config", ("production/payment",), "production")
TOKEN = Secret("prom-token-0001")
PROMETHEUS = "https://prometheus.example.com"


@dataclass
class Web:
    """Answers everything alike, and remembers what it was asked."""

    answer: Fetched | Exception = field(default_factory=lambda: Fetched(200, ""))
    asked: list[tuple[str, Mapping[str, str], int]] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str], *, hops: int = 3) -> Fetched:
        self.asked.append((url, headers, hops))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def probed(
    probe: Probe, web: Web | None = None, *jobs: Manifest, version: str = "v1.3.0", since: datetime = NOW
) -> Proof:
    made = Prober(lambda: NOW, lambda _: jobs, TOKEN, (TOKEN,), web or Web())
    return made.probe(probe, PAYMENT, version, since)


PAGE = UrlProbe("https://pay.example.com/healthz?of={version}", contains="ok")


@pytest.mark.parametrize(
    ("answer", "passed", "evidence"),
    [
        (Fetched(200, "all ok"), True, "answered 200"),
        (Fetched(200, "starting"), False, "answered 200 “starting”, without “ok”"),
        (Fetched(503, "upstream is\x1b[31m\n down"), False, "answered 503 “upstream is down”, not 200"),
        (Fetched(503, ""), False, "answered 503, not 200"),
        (Fetched(500, "\x00\x01"), False, "answered 500, not 200"),
        (
            Fetched(502, "<html><style>a {}</style><h1>Bad gateway</h1>"),
            False,
            "answered 502 “Bad gateway”, not 200",
        ),
        (Fetched(500, "prom-token-0001 is wrong"), False, "answered 500 “… is wrong”, not 200"),
        (Unanswered("it can't be reached: no connection"), False, "it can't be reached: no connection"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_page(answer: Fetched | Exception, passed: bool, evidence: str) -> None:
    assert probed(PAGE, Web(answer)) == Proof("GET https://pay.example.com/healthz?of=v1.3.0", passed, evidence, NOW)


def test_what_a_page_must_hold_and_a_job_is_called_may_name_the_version() -> None:
    page = UrlProbe("https://pay.example.com/", contains="version: {version}")
    assert probed(page, Web(Fetched(200, "version: v1.3.0"))).passed
    assert not probed(page, Web(Fetched(200, "version: v1.2.0"))).passed
    assert probed(JobProbe("{service}-smoke"), None, job("payment-smoke", "Complete")).passed


def test_a_page_is_asked_without_credentials() -> None:
    web = Web()
    probed(PAGE, web)
    assert web.asked == [("https://pay.example.com/healthz?of=v1.3.0", {"Accept": "*/*"}, 3)]


def test_a_page_that_is_to_redirect_is_not_followed() -> None:
    web = Web(Fetched(302, "", "https://elsewhere.example.com"))
    assert probed(UrlProbe("https://pay.example.com/", status=302), web).passed
    assert web.asked[0][2] == 0


@pytest.mark.parametrize(
    ("url", "version", "filled"),
    [
        ("https://{service}.{environment}.example.com/{version}", "v1", "https://payment.production.example.com/v1"),
        ("https://a/{version}", "v1@sha256:ab/../?x#y", "https://a/v1%40sha256%3Aab%2F..%2F%3Fx%23y"),
        ("http://[::1]:80/{other}#part", "v1", "http://[::1]:80/{other}"),
    ],
)
def test_an_address_is_filled(url: str, version: str, filled: str) -> None:
    assert filling.address(url, PAYMENT, version) == filled


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://a/", "its address begins with neither https:// nor http://"),
        ("https://ana:secret@a/", "its address carries credentials, and none are sent"),
        ("https://{version}/", "its address is not well-formed"),
        ("https://a:b/", "its address is not well-formed"),
        ("https:///x", "its address is not well-formed"),
        ("https://a/\nx", "its address is not well-formed"),
    ],
)
def test_an_address_that_may_not_be_asked_is_not(url: str, why: str) -> None:
    web = Web()
    proof = probed(UrlProbe(url), web, version="evil.example.com#")
    assert (proof.passed, proof.evidence, web.asked) == (False, why, [])
    assert "secret" not in proof.what


@given(st.text())
def test_a_value_ends_no_string_of_a_query(value: str) -> None:
    filled = filling.query('x{a="{version}", b=\'{version}\', c=`{version}`, d=~"{version}"}', PAYMENT, value)
    inner = filled.removeprefix('x{a="').removesuffix('"}')
    assert [inner.count(quote) for quote in "\"'`"] == [2, 2, 2]


def test_a_value_is_the_same_to_prometheus() -> None:
    assert filling.query('{service="{service}"} == "{version}"', PAYMENT, 'a"\\\n') == (
        '{service="payment"} == "a\\x22\\x5c\\x0a"'
    )


def answered(kind: str, result: Any, status: int = 200) -> Fetched:
    return Fetched(status, json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}))


def vector(*values: str) -> Fetched:
    return answered("vector", [{"metric": {}, "value": [1, value]} for value in values])


ERRORS = QueryProbe(PROMETHEUS, 'errors{service="{service}"}', below=0.01)


@pytest.mark.parametrize(
    ("answer", "passed", "evidence"),
    [
        (vector("0.001", "0"), True, "it gives 0.001, 0, which is below 0.01"),
        (vector("0.5", "0"), False, "it gives 0.5, and must be below 0.01"),
        (vector("0.01"), False, "it gives 0.01, and must be below 0.01"),
        (vector("+Inf", "NaN"), False, "it gives inf, and must be below 0.01"),
        (vector(*"12345"), False, "it gives 1, 2, 3 and 2 more, and must be below 0.01"),
        (vector("0", "NaN"), None, "it gives NaN, so there was nothing to measure"),
        (vector(), None, "it has no data yet"),
        (answered("scalar", [1, "0.002"]), True, "it gives 0.002, which is below 0.01"),
        (answered("matrix", []), None, "it gives a matrix, and only numbers can be judged"),
        (answered("string", [1, "a"]), None, "it gives a string, and only numbers can be judged"),
        (
            answered("vector", [{"metric": {}, "histogram": [1, {}]}]),
            None,
            "it gives histograms, and only numbers can be judged",
        ),
        (answered("vector", [{"value": "x"}]), None, "it answered in a form that can't be judged"),
        (answered("vector", {"a": 1}), None, "it answered in a form that can't be judged"),
        (
            Fetched(400, json.dumps({"status": "error", "error": "parse error: no prom-token-0001"})),
            None,
            "prometheus.example.com answered 400 “parse error: no …”",
        ),
        (Fetched(502, "<h1>Bad gateway</h1>"), None, "prometheus.example.com answered 502 “Bad gateway”"),
        (Fetched(200, "{" * 2000), None, f"prometheus.example.com answered 200 “{'{' * 99}…”"),
        (Unanswered("its name is not known"), None, "prometheus.example.com: its name is not known"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_query(answer: Fetched | Exception, passed: bool | None, evidence: str) -> None:
    proof = probed(ERRORS, Web(answer))
    assert proof == Proof('the query “errors{service="payment"}”', passed, evidence, NOW)


def test_a_query_between_two_bounds() -> None:
    proof = probed(QueryProbe(PROMETHEUS, "up", above=0, below=2), Web(vector("2")))
    assert proof.evidence == "it gives 2, and must be above 0 and below 2"


def test_the_token_goes_to_prometheus_alone_and_never_onward() -> None:
    web = Web(vector("0"))
    probed(ERRORS, web)
    url = f"{PROMETHEUS}/api/v1/query?query=errors%7Bservice%3D%22payment%22%7D"
    assert web.asked == [(url, {"Accept": "application/json", "Authorization": f"Bearer {TOKEN.reveal()}"}, 0)]


def test_the_token_goes_nowhere_in_the_clear() -> None:
    web = Web(vector("0"))
    proof = probed(QueryProbe("http://prometheus.monitoring:9090", "up", above=0), web)
    assert proof.passed is None
    assert proof.evidence.startswith("PROMETHEUS_TOKEN is not sent to it: its address must begin with https://")
    assert web.asked == []


def test_without_a_token_plain_http_will_do() -> None:
    web = Web(vector("1"))
    made = Prober(lambda: NOW, lambda _: (), fetch=web)
    proof = made.probe(QueryProbe("http://prometheus.monitoring:9090/", "up", above=0), PAYMENT, "v1", NOW)
    assert proof.passed
    assert web.asked == [("http://prometheus.monitoring:9090/api/v1/query?query=up", {"Accept": "application/json"}, 0)]


def job(name: str, kind: str = "", *, at: datetime = NOW, made: datetime = NOW, **said: str) -> Manifest:
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    condition = {"type": kind, "status": "True", "lastTransitionTime": at.strftime(stamp), **said}
    return {
        "metadata": {"name": name, "creationTimestamp": made.strftime(stamp)},
        "status": {"conditions": [condition] if kind else None},
    }


EARLIER, LATER = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("jobs", "passed", "evidence"),
    [
        ((), None, "there is none yet"),
        ((job("smokes"), job("pre-smoke")), None, "there is none yet"),
        ((job("smoke"),), None, "it has not ended yet"),
        ((job("smoke", "Complete"),), True, "it has completed"),
        ((job("smoke", "Complete", at=EARLIER),), None, "it completed before this version was merged"),
        ((job("smoke", "Failed", at=EARLIER),), None, "it failed before this version was merged"),
        (
            (job("smoke", "Failed", reason="BackoffLimitExceeded", message="it has reached\x1b[1m the limit"),),
            False,
            "it failed “BackoffLimitExceeded it has reached the limit”",
        ),
        (
            (job("smoke-1a2b3c4-postsync-1", "Failed", made=EARLIER), job("smoke-1a2b3c4-postsync-2", "Complete")),
            True,
            "smoke-1a2b3c4-postsync-2: it has completed",
        ),
        ((job("smoke-x", "Failed", made=LATER), job("smoke", "Complete")), True, "it has completed"),
        (({"metadata": None, "status": 1}, {}), None, "there is none yet"),
        (({"metadata": {"name": "smoke"}, "status": {"conditions": [1]}},), None, "it has not ended yet"),
    ],
)
def test_a_job(jobs: tuple[Manifest, ...], passed: bool | None, evidence: str) -> None:
    assert probed(JobProbe("smoke"), None, *jobs) == Proof("the Job smoke", passed, evidence, NOW)


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [
        (Unavailable("staging can't be reached: prom-token-0001"), "staging can't be reached: …"),
        (KeyError("prom-token-0001"), "the look broke (KeyError); the bot's log says where"),
    ],
)
def test_what_breaks_is_evidence(fault: Exception, evidence: str) -> None:
    def broken(_: Target) -> tuple[Manifest, ...]:
        raise fault

    made = Prober(lambda: NOW, broken, TOKEN, (TOKEN,), Web(fault))
    assert made.probe(JobProbe("smoke"), PAYMENT, "v1", NOW) == Proof("the Job smoke", None, evidence, NOW)
    assert made.probe(PAGE, PAYMENT, "v1", NOW) == Proof(f"GET {PAGE.url}", None, evidence, NOW)


@given(st.text(max_size=300))
def test_what_is_quoted_is_one_short_line(text: str) -> None:
    said = first(text, ())
    assert said == "" or (said.isprintable() and len(said) <= 102)
