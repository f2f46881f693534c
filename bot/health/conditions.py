"""Custom resources, and every kind without a rule of its own, by the conditions that controllers write.

The API's conventions name the common ones; kstatus (kubernetes-sigs/cli-utils, pkg/kstatus) adds `Stalled` and
`Reconciling`. What a condition says of an older spec counts for nothing.
"""

import re
from collections.abc import Mapping

from bot.health.reading import is_observed, listed, number, part, since, text, why
from bot.health.verdict import Verdict, degraded, healthy, progressing, suspended
from bot.model.sync import Manifest

GOOD = ("Ready", "Available", "Healthy", "Synced")
"""True where all is well, in the order in which they speak."""
_BAD = ("Stalled", "Degraded", "Failed", "ErrorOccurred")
"""True where it is not, and nobody is about to put it right."""
_AT_WORK = ("Reconciling", "Progressing", "Issuing", "Creating", "Updating")
_RETRYING = "ProgressingWithRetry"
"""Flux's reason for `Reconciling` while it repeats what fails: then the failure counts."""
_ON_THE_WAY = re.compile(
    r"progress|pending|creating|reconciling|provisioning|initiali[sz]ing|issuing|installing|updating|upgrading|waiting"
    r"|starting|dependencynotready|notyet",
    re.IGNORECASE,
)
"""Reasons by which something that is not ready says that it will be."""
UNSEEN = "the controller has not seen the newest spec yet"


def by_conditions(manifest: Manifest) -> Verdict:
    if part(manifest, "spec").get("suspend") is True:
        return suspended("it is suspended")
    status = part(manifest, "status")
    if not status:  # most objects, and there are thousands
        return healthy()
    generation = number(part(manifest, "metadata").get("generation"))
    conditions = listed(status, "conditions")
    told = {text(each.get("type")): each for each in conditions if _is_current(each, generation)}
    unjudged = not any(kind in told for kind in GOOD) and any(each.get("type") in GOOD for each in conditions)
    if not is_observed(manifest):
        return progressing(UNSEEN)
    return _failed(told) or _lacking(told) or (progressing(UNSEEN) if unjudged else healthy())


def _failed(told: Mapping[str, Manifest]) -> Verdict | None:
    for kind in _BAD:
        if told.get(kind, {}).get("status") == "True":
            return degraded(f"{kind}: {why(told[kind])}", since(told[kind]))
    return None


def _lacking(told: Mapping[str, Manifest]) -> Verdict | None:
    """What of the good ones is not True, the failed before the unknown; progressing where something is under way."""
    working = next((told[kind] for kind in _AT_WORK if told.get(kind, {}).get("status") == "True"), {})
    at_work = bool(working) and working.get("reason") != _RETRYING
    if at_work and working.get("type") == "Reconciling":
        return progressing(f"Reconciling: {why(working)}", since(working))
    lacking = [told[kind] for kind in GOOD if told.get(kind, {}).get("status") in {"False", "Unknown"}]
    if not lacking:
        return None
    first = min(lacking, key=lambda found: found.get("status") != "False")
    what = f"not {text(first.get('type'))}: {why(first)}"
    on_the_way = first.get("status") == "Unknown" or at_work or _ON_THE_WAY.search(text(first.get("reason")))
    return (progressing if on_the_way else degraded)(what, since(first))


def _is_current(condition: Manifest, generation: int | None) -> bool:
    """Whether a condition is of the newest spec, as far as it says so itself (`metav1.Condition`)."""
    observed = number(condition.get("observedGeneration"))
    return generation is None or observed is None or observed >= generation
