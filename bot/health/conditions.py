"""Custom resources, and every kind without a rule of its own, by the conditions that controllers write.

The API's conventions name the common ones; kstatus (kubernetes-sigs/cli-utils, pkg/kstatus) adds `Stalled` and
`Reconciling`. What a condition says of an older spec counts for nothing.
"""

import re

from bot.health.reading import is_observed, is_true, listed, number, part, since, text, why
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
    if not is_observed(manifest):
        return progressing(UNSEEN)
    generation = number(part(manifest, "metadata").get("generation"))
    told = {text(each.get("type")): each for each in listed(status, "conditions") if _is_current(each, generation)}
    for kind in _BAD:
        if is_true(status, kind) and kind in told:
            return degraded(f"{kind}: {why(told[kind])}", since(told[kind]))
    working = next((told[kind] for kind in _AT_WORK if told.get(kind, {}).get("status") == "True"), None)
    if working is not None and working.get("type") == "Reconciling" and working.get("reason") != _RETRYING:
        return progressing(f"Reconciling: {why(working)}", since(working))
    lacking = [told[kind] for kind in GOOD if told.get(kind, {}).get("status") in {"False", "Unknown"}]
    for each in sorted(lacking, key=lambda found: found.get("status") != "False"):
        at_work = working is not None and working.get("reason") != _RETRYING
        what = f"not {text(each.get('type'))}: {why(each)}"
        if each.get("status") == "Unknown" or at_work or _ON_THE_WAY.search(text(each.get("reason"))):
            return progressing(what, since(each))
        return degraded(what, since(each))
    return healthy()


def _is_current(condition: Manifest, generation: int | None) -> bool:
    """Whether a condition is of the newest spec, as far as it says so itself (`metav1.Condition`)."""
    observed = number(condition.get("observedGeneration"))
    return generation is None or observed is None or observed >= generation
