"""`bot.ports.Prober`: which look a probe is, and who makes it. Whatever goes wrong is evidence, never an error."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.errors import Refusal, Unavailable
from bot.model.catalog import Target
from bot.model.secret import Secret
from bot.model.sync import Manifest
from bot.model.verification import JobProbe, Probe, Proof, QueryProbe, UrlProbe
from bot.quoting import quoted
from bot.redaction import values
from bot.verification import filling, job, page, prometheus
from bot.verification.fetching import Fetch, Fetcher

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prober:
    """`jobs` gives the Jobs where a target is, Unavailable with a sentence where they can't be read; `secrets` are in
    no evidence."""

    now: Callable[[], datetime]
    jobs: Callable[[Target], Sequence[Manifest]]
    prometheus_token: Secret | None = None
    secrets: Sequence[Secret] = ()
    fetch: Fetch = field(default_factory=Fetcher)

    def probe(self, probe: Probe, target: Target, version: str, since: datetime) -> Proof:
        """What came of it; never raises. `since` is when the branch had the version."""
        try:
            return self._probed(probe, target, version, since)
        except (Refusal, Unavailable) as trouble:
            return self._unproved(probe, str(trouble))
        except Exception as fault:
            log.exception("a probe of %s broke", target)
            return self._unproved(probe, f"the look broke ({type(fault).__name__}); the bot's log says where")

    def _unproved(self, probe: Probe, why: str) -> Proof:
        known = values(self.secrets)
        return Proof(quoted(_called(probe), known=known), None, quoted(why, known=known), self.now())

    def _probed(self, probe: Probe, target: Target, version: str, since: datetime) -> Proof:
        now, known = self.now(), values(self.secrets)
        match probe:
            case UrlProbe():
                return page.probe(probe, target, version, self.fetch, known, now)
            case QueryProbe():
                return prometheus.probe(probe, target, version, self.fetch, self.prometheus_token, known, now)
            case JobProbe():
                wanted = filling.plain(probe.job, target, version)
                return job.probe(wanted, self.jobs(target), since, known, now)


def _called(probe: Probe) -> str:
    match probe:
        case UrlProbe():
            return f"GET {probe.url}"
        case QueryProbe():
            return f"the query “{probe.query}”"
        case JobProbe(name):
            return f"the Job {name}"
