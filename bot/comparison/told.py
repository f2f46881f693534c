"""A finding as people are told of it: what it is worth, who wrote it, what may be shown, what not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.comparison import immutable, severity
from bot.comparison.autoscaling import Bounds
from bot.comparison.fields import Fields
from bot.comparison.ignoring import left
from bot.comparison.paths import Places, pointer, spell
from bot.comparison.secrets import hides, is_one
from bot.comparison.showing import AFTER, BEFORE, pair
from bot.comparison.substitution import WHY
from bot.comparison.walk import Found
from bot.model.rules import Ignore
from bot.model.sync import Difference, Kind, Manifest, ObjectRef, Severity, Writer

_CONTROLLERS = frozenset(
    (
        "cloud-controller-manager",
        "clusterrole-aggregation-controller",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
    )
)
"""Kubernetes' own: what they write is their work. A hint at most, as anybody may take their name."""
_HANDS = frozenset(("kubectl-edit", "kubectl-patch", "kubectl-set", "k9s"))
"""Clients that people type at, which own no more than they wrote: whoever creates an object owns its defaults too."""
_REPLICAS = ("spec", "replicas")
TERMINATING = "terminating"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells findings in one object."""

    ref: ObjectRef
    live: Manifest
    fields: Fields
    ignore: Sequence[Ignore] = ()
    autoscaled: Bounds | None = None
    """What an autoscaler may make of the object's replicas, if there is one."""
    veiled: Places = field(default_factory=lambda: Places(()))
    """Where it holds Secrets, on either side."""

    def kept(self, found: Found) -> Found | None:
        """What rules and autoscalers leave of a finding; None where that is nothing."""
        if self.autoscaled is not None and found.path == _REPLICAS and found.have in self.autoscaled:
            return None
        remains: Found | None = found
        for rule in self.ignore:
            if remains is None:
                break
            remains = left(rule, self.ref, remains, lambda: self.writer(found))
        return remains

    def matters(self, found: Found) -> bool:
        """Whether a finding is more than information."""
        return self.kept(found) is not None and severity.of(self.ref, found) is not Severity.INFO

    def writer(self, found: Found) -> Writer | None:
        return self.fields.writer(found.path, gone=found.have is None)

    def told(self, found: Found) -> Difference | None:
        kept = self.kept(found)
        if kept is None:
            return None
        if self._hides(kept):
            want = None if kept.want is None else BEFORE
            have = None if kept.have is None else AFTER
        else:
            want, have = pair(kept.want, kept.have)
        if kept.kind in {Kind.LEFTOVER, Kind.UNDECLARED}:
            want = None
        is_work = kept.kind in {Kind.DRIFT, Kind.LEFTOVER, Kind.UNDECLARED}
        by = self.writer(kept) if is_work else None
        return Difference(
            self.ref,
            kept.kind,
            spell(kept.path),
            want,
            have,
            self._severity(kept, by),
            by=by,
            since=by.at if by else None,
            pointer=pointer(kept.path),
            note=self._note(kept),
        )

    def _hides(self, found: Found) -> bool:
        if is_one(self.ref):
            return hides(self.ref, found.path)
        return found.path in self.veiled

    def _severity(self, found: Found, by: Writer | None) -> Severity:
        if found.kind in {Kind.PENDING, Kind.UNKNOWN}:
            return Severity.INFO
        plain = replace(found, kind=Kind.DRIFT) if found.kind is Kind.LEFTOVER else found
        rank = severity.of(self.ref, plain)
        is_controllers = (
            found.kind is not Kind.LEFTOVER
            and by is not None
            and by.manager in _CONTROLLERS
            and rank is not Severity.HIGH
            and not (found.path == _REPLICAS and self.autoscaled is not None)
        )
        if is_controllers:
            return Severity.INFO
        # Of a field that nobody knows it can't be told who may fill it, unless somebody was seen to.
        is_by_hand = found.kind is Kind.UNDECLARED and not found.known and by is not None and by.manager in _HANDS
        return Severity.MEDIUM if is_by_hand else rank

    def _note(self, found: Found) -> str:
        if found.kind is Kind.UNKNOWN:
            return WHY
        if found.dropped:
            return f"field pruned: the API {self.ref.api_version} of this cluster does not know it"
        if found.unkept:
            return f"field dropped: the API {self.ref.api_version} of this cluster knows it, but a feature is off"
        if found.times > 1:
            return f"declared {found.times} times: the last one counts"
        if found.kind is Kind.CONFIG_ERROR:
            return ""
        return immutable.note(self.ref, found, self.live)
