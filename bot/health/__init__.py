"""Whether a live object works, judged by its own status as `kubectl rollout status` judges it.

Pure: knows objects as JSON and nothing of clusters. One module a family of kinds; where kubectl has no rule, the API's
documented conditions count, read as kstatus (kubernetes-sigs/cli-utils) and Argo CD read them. Every verdict comes with
its reason, in words for people, and with its beginning, where the object tells.
"""

from collections.abc import Callable, Mapping

from bot.health import argo, conditions, jobs, kinds, pods, workloads
from bot.health.reading import count, moment, part
from bot.health.verdict import WORST_FIRST, Verdict, progressing, worst
from bot.health.workloads import is_settled
from bot.model.sync import Manifest

__all__ = ["WORST_FIRST", "Verdict", "health", "is_settled", "worst"]

_JUDGES: Mapping[tuple[str, str], Callable[[Manifest], Verdict]] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("batch", "Job"): jobs.job,
    ("batch", "CronJob"): jobs.cron_job,
    ("", "Pod"): pods.pod,
    ("", "PersistentVolumeClaim"): kinds.claim,
    ("", "Service"): kinds.service,
    ("", "Namespace"): kinds.namespace,
    ("autoscaling", "HorizontalPodAutoscaler"): kinds.autoscaler,
    ("policy", "PodDisruptionBudget"): kinds.budget,
    ("apiregistration.k8s.io", "APIService"): kinds.api_service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): kinds.definition,
    ("argoproj.io", "Rollout"): argo.rollout,
    ("argoproj.io", "Application"): argo.application,
}


def health(manifest: Manifest) -> Verdict:
    """The health of one object, why, and since when. A kind without a rule is judged by its conditions; without any,
    it is healthy by being there."""
    group, kind = str(manifest.get("apiVersion", "")).rpartition("/")[0], str(manifest.get("kind", ""))
    judge = _JUDGES.get((group, kind), conditions.by_conditions)
    if deleted := part(manifest, "metadata").get("deletionTimestamp"):
        verdict = judge(manifest) if judge is kinds.namespace else None
        return verdict or progressing("it is being deleted", moment(deleted))
    if group == "apps" and not _counted(manifest):
        return progressing(conditions.UNSEEN)
    return judge(manifest)


def _counted(manifest: Manifest) -> bool:
    """Whether a workload's status is of the spec as it is now. One without the field was never written."""
    observed, generation = (
        part(manifest, "status").get("observedGeneration"),
        part(manifest, "metadata").get("generation"),
    )
    return generation is None or count(observed) >= count(generation)
