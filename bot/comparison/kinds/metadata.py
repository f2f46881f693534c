"""Metadata of objects, and the marks that servers, controllers and deploying tools leave on them."""

from bot.comparison.schema import ANY, TEXT, Type, free, record, unordered

_MARKS = (
    # Servers and built-in controllers.
    "kubectl.kubernetes.io/last-applied-configuration kubectl.kubernetes.io/restartedAt"
    " deployment.kubernetes.io/ deprecated.daemonset.template.generation"
    " pv.kubernetes.io/ volume.kubernetes.io/ volume.beta.kubernetes.io/storage-provisioner"
    " autoscaling.alpha.kubernetes.io/ endpoints.kubernetes.io/ control-plane.alpha.kubernetes.io/leader"
    " kubernetes.io/metadata.name batch.kubernetes.io/ controller-uid job-name apf.kubernetes.io/autoupdate-spec"
    " kubernetes.io/limit-ranger"
    # Tools that deploy: they mark what they own.
    " argocd.argoproj.io/tracking-id kustomize.toolkit.fluxcd.io/ helm.toolkit.fluxcd.io/ meta.helm.sh/"
)

LABELS = free(TEXT, ignored=_MARKS)
METADATA = record(
    "name namespace generateName",
    {"labels": LABELS, "annotations": LABELS, "finalizers": unordered(ANY, shared=True)},
    theirs="ownerReferences deletionTimestamp deletionGracePeriodSeconds",
    ignored="creationTimestamp managedFields resourceVersion uid generation selfLink clusterName",
)


def specified(spec: Type) -> Type:
    """A kind that has metadata, and all else under `spec`."""
    return record(fields={"metadata": METADATA, "spec": spec})
