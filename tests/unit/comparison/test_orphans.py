"""What was deployed and Git no longer declares: rows 101 to 108 of the catalogue of what drift is."""

from dataclasses import replace
from typing import Any

import pytest

from bot.comparison.marks import Marked, marks, trimmed
from bot.comparison.orphans import Roll, Traces, candidates, orphans
from bot.model.rules import Ignore
from bot.model.sync import Deployed, Difference, Kind, Live, Manifest, ObjectRef, Severity

APP = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
ARGOCD = Deployed("argocd", "staging", APP, "apps/payment", inventory=frozenset(), mark="payment", namespace="pay")
FLUX = Deployed(
    "flux",
    "staging",
    ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "payment"),
    "apps/payment",
    inventory=frozenset(),
)
GONE = ""
"""Its class says it all."""
LATER = "Git no longer declares it; its removal is not deployed yet"


def thing(kind: str, name: str, **parts: Any) -> Manifest:
    version, _, short = kind.rpartition("/")
    metadata = {"name": name, "namespace": "pay", **parts.pop("metadata", {})}
    return {"apiVersion": version, "kind": short, "metadata": metadata, **parts}


def ref(manifest: Manifest) -> ObjectRef:
    metadata = manifest["metadata"]
    return ObjectRef(manifest["apiVersion"], manifest["kind"], metadata["namespace"], metadata["name"])


def there(*manifests: Manifest) -> Live:
    return Live({ref(each): each for each in manifests})


def tracked(*manifests: Manifest) -> Live:
    kept = {ref(each): trimmed(each["apiVersion"], each["kind"], each["metadata"]) for each in manifests}
    return Live({ref(KEPT): KEPT}, tracked=kept)


def listing(deployed: Deployed, *manifests: Manifest) -> Deployed:
    return replace(deployed, inventory=frozenset(map(ref, manifests)))


def by_argocd(identity: str) -> dict[str, Any]:
    return {"annotations": {"argocd.argoproj.io/tracking-id": identity}}


def by_flux(name: str = "payment", manager: str = "kustomize-controller") -> dict[str, Any]:
    labels = {
        f"kustomize.toolkit.fluxcd.io/{part}": value for part, value in (("name", name), ("namespace", "flux-system"))
    }
    return {"labels": labels, "managedFields": [{"manager": manager, "operation": "Apply"}]}


def orphan(manifest: Manifest, severity: Severity = Severity.LOW, note: str = GONE) -> Difference:
    return Difference(ref(manifest), Kind.ORPHAN, "", None, None, severity, note=note)


def pending(manifest: Manifest) -> Difference:
    return Difference(ref(manifest), Kind.PENDING, "", None, None, Severity.INFO, note=LATER)


KEPT = thing("v1/ConfigMap", "kept", data={"a": "1"})
OLD = thing("v1/ConfigMap", "old", data={"a": "1"})
OLD_ID = "payment:/ConfigMap:pay/old"


def found(deployed: Deployed | None, live: Live, *desired: Manifest, **known: Any) -> tuple[Difference, ...]:
    return orphans(Traces(desired or (KEPT,), "pay", deployed=deployed, **known), live, complete=True)


@pytest.mark.parametrize("engine", [ARGOCD, FLUX], ids=["argocd", "flux"])
def test_row_101_what_the_engine_lists_and_git_does_not(engine: Deployed) -> None:
    traces = Traces((KEPT,), "pay", deployed=listing(engine, KEPT, OLD))

    assert candidates(traces) == {ref(OLD)}
    assert candidates(traces, {ref(OLD)}) == frozenset()
    assert orphans(traces, there(KEPT, OLD), complete=True) == (orphan(OLD),)
    assert orphans(traces, there(KEPT), complete=True) == ()


@pytest.mark.parametrize(
    ("engine", "metadata"),
    [
        pytest.param(ARGOCD, by_argocd(OLD_ID), id="tracking-id"),
        pytest.param(
            ARGOCD,
            {"labels": {"app.kubernetes.io/instance": "payment"}, "managedFields": [{"manager": "argocd-controller"}]},
            id="argocd-label",
        ),
        pytest.param(FLUX, by_flux(), id="flux-labels"),
    ],
)
def test_row_101_what_bears_the_engine_s_mark_and_is_not_in_git(engine: Deployed, metadata: dict[str, Any]) -> None:
    assert marks(metadata)
    old = thing("v1/ConfigMap", "old", metadata=metadata)
    assert found(engine, tracked(old)) == (orphan(old),)


def test_row_101_another_target_s_object_is_none() -> None:
    deployed = listing(ARGOCD, KEPT, OLD)
    assert found(deployed, there(KEPT, OLD), elsewhere=Roll([ref(OLD)])) == ()


def test_row_102_what_has_an_owner_is_none() -> None:
    owner = {"ownerReferences": [{"kind": "Deployment", "name": "x"}]}
    old = thing("v1/ConfigMap", "old", metadata={**by_argocd(OLD_ID), **owner})
    assert found(listing(ARGOCD, old), there(KEPT, old)) == ()
    assert found(ARGOCD, tracked(old)) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("argocd.argoproj.io/sync-options", "Prune=false"),
        ("argocd.argoproj.io/sync-options", "Validate=false, Prune=false"),
        ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
        ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
        ("helm.sh/resource-policy", "keep"),
        ("client.lifecycle.config.k8s.io/deletion", "detach"),
    ],
)
def test_row_103_what_asks_to_stay_is_muted(name: str, value: str) -> None:
    old = thing("v1/ConfigMap", "old", metadata={"annotations": {name: value}})
    note = f"kept on purpose ({name}: {value.rsplit(', ', maxsplit=1)[-1]})"
    assert found(listing(FLUX, old), there(KEPT, old)) == (orphan(old, Severity.INFO, note),)


@pytest.mark.parametrize(
    "identity",
    [
        "payment:/ConfigMap:pay/source",
        "payment:/Secret:pay/old",
        "payment:/ConfigMap:other/old",
        "payment:apps/ConfigMap:pay/old",
        "other:/ConfigMap:pay/old",
        "nonsense",
    ],
)
def test_row_104_a_tracking_id_must_name_its_object(identity: str) -> None:
    old = thing("v1/ConfigMap", "old", metadata=by_argocd(identity))
    assert found(ARGOCD, tracked(old)) == ()
    assert found(listing(ARGOCD, old), there(KEPT, old)) == ()


def test_row_104_labels_copied_by_an_operator_are_no_mark() -> None:
    assert found(FLUX, tracked(thing("v1/ConfigMap", "old", metadata=by_flux(manager="some-operator")))) == ()
    label = {"labels": {"app.kubernetes.io/instance": "payment"}, "managedFields": [{"manager": "helm"}]}
    assert found(ARGOCD, tracked(thing("v1/ConfigMap", "old", metadata=label))) == ()


def test_row_104_another_kustomization_s_object_is_none() -> None:
    old = thing("v1/ConfigMap", "old", metadata=by_flux("another"))
    assert found(listing(FLUX, old), there(KEPT, old)) == ()


def test_row_104_one_object_in_two_groups_is_the_same() -> None:
    former = thing("extensions/v1beta1/Ingress", "web", metadata=by_argocd("payment:extensions/Ingress:pay/web"))
    later = thing("networking.k8s.io/v1/Ingress", "web", metadata=former["metadata"])
    assert found(listing(ARGOCD, former), there(KEPT, former), KEPT, later) == ()
    assert found(ARGOCD, tracked(later)) == (orphan(later),)
    assert found(listing(ARGOCD, former, later), there(KEPT, former, later))[1:] == ()


def test_row_104_a_cluster_wide_object_s_id_holds_the_app_s_namespace() -> None:
    metadata = {**by_argocd("payment:rbac.authorization.k8s.io/ClusterRole:pay/old"), "namespace": ""}
    old = thing("rbac.authorization.k8s.io/v1/ClusterRole", "old", metadata=metadata)
    assert found(ARGOCD, tracked(old)) == (orphan(old),)


def test_row_105_an_old_generated_object_is_paired_with_its_heir() -> None:
    former, later = (thing("v1/ConfigMap", f"app-{code}") for code in ("2c7d9f4b6h", "58k5tm2gcf"))
    heir = "ConfigMap pay/app-58k5tm2gcf took its place"
    assert found(listing(FLUX, former), there(former, later), later) == (orphan(former, note=heir),)
    # No engine says that it was applied: the heir does, since nobody else would have made it.
    assert found(None, there(former, later), later, base=(former,)) == (orphan(former, note=heir),)
    assert found(None, there(former), later, base=(former,)) == (pending(former),)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("v1/ServiceAccount", "default"),
        ("v1/ConfigMap", "kube-root-ca.crt"),
        ("v1/Endpoints", "web"),
        ("discovery.k8s.io/v1/EndpointSlice", "web-abc"),
        ("coordination.k8s.io/v1/Lease", "leader"),
        ("v1/Event", "web.1"),
        ("events.k8s.io/v1/Event", "web.1"),
        ("wgpolicyk8s.io/v1alpha2/PolicyReport", "x"),
        ("cilium.io/v2/CiliumIdentity", "1234"),
        ("apps/v1/ControllerRevision", "db-1"),
    ],
)
def test_row_106_what_comes_by_itself_is_never_one(kind: str, name: str) -> None:
    old = thing(kind, name, metadata=by_flux())
    deployed = listing(FLUX, old)
    assert candidates(Traces((KEPT,), "pay", deployed=deployed)) == frozenset()
    assert found(deployed, there(KEPT, old)) == ()
    assert found(FLUX, tracked(old)) == ()


def test_row_106_the_cluster_s_own_service_and_namespaces() -> None:
    service = thing("v1/Service", "kubernetes", metadata={"namespace": "default"})
    namespace = thing("v1/Namespace", "kube-system", metadata={"namespace": ""})
    assert found(listing(FLUX, service, namespace), there(service, namespace)) == ()
    own = thing("v1/Service", "kubernetes")
    assert found(listing(FLUX, own), there(own)) == (orphan(own),)


@pytest.mark.parametrize(
    "maker",
    [
        thing("bitnami.com/v1alpha1/SealedSecret", "old"),
        thing("external-secrets.io/v1/ExternalSecret", "keys", spec={"target": {"name": "old"}}),
        thing("cert-manager.io/v1/Certificate", "tls", spec={"secretName": "old"}),
        thing("secrets.infisical.com/v1alpha1/InfisicalSecret", "x", spec={"managed": [{"secretName": "old"}]}),
    ],
    ids=lambda maker: maker["kind"],
)
def test_row_107_a_secret_that_a_declared_object_makes(maker: Manifest) -> None:
    old = thing("v1/Secret", "old", metadata=by_argocd("payment:/Secret:pay/old"))
    assert found(listing(ARGOCD, old), there(old), maker) == ()
    assert found(listing(ARGOCD, old), there(old)) == (orphan(old),)


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {"cert-manager.io/certificate-name": "tls"}},
        {"labels": {"reconcile.external-secrets.io/managed": "true"}},
        {"annotations": {"kubernetes.io/service-account.name": "robot"}},
    ],
)
def test_row_107_a_secret_that_says_who_made_it(metadata: dict[str, Any]) -> None:
    old = thing("v1/Secret", "old", metadata=metadata)
    assert found(listing(FLUX, old), there(old)) == ()


def test_row_107_the_claims_of_a_statefulset() -> None:
    templates = [{"metadata": {"name": "data"}}]
    database = thing("apps/v1/StatefulSet", "db", spec={"volumeClaimTemplates": templates})
    claim, other = (thing("v1/PersistentVolumeClaim", name) for name in ("data-db-0", "data-db"))
    assert found(listing(FLUX, claim, other), there(claim, other), database) == (orphan(other),)


def test_row_108_anything_not_looked_at_forbids_a_verdict() -> None:
    traces = Traces((KEPT,), "pay", deployed=listing(ARGOCD, OLD))
    live = there(KEPT, OLD)

    assert orphans(traces, live, complete=True) == (orphan(OLD),)
    assert orphans(traces, live, complete=False) == ()
    assert orphans(traces, replace(live, unchecked={ref(KEPT): "503"}), complete=True) == ()
    another = thing("v1/ConfigMap", "another")
    assert orphans(traces, replace(live, unchecked={ref(another): "503"}), complete=True) == (orphan(OLD),)
    both = replace(traces, deployed=listing(ARGOCD, OLD, another))
    assert orphans(both, replace(live, unchecked={ref(another): "403"}), complete=True) == ()


@pytest.mark.parametrize(
    ("is_deployed", "expected"), [(True, orphan(OLD)), (False, pending(OLD)), (None, pending(OLD))]
)
def test_what_git_declared_before_needs_no_engine(is_deployed: bool | None, expected: Difference) -> None:
    traces = Traces((KEPT,), "pay", base=(KEPT, OLD), is_deployed=is_deployed)
    assert candidates(traces) == {ref(OLD)}
    assert orphans(traces, there(KEPT, OLD), complete=True) == (expected,)


def test_an_object_changed_along_with_a_removal_tells_that_both_were_applied() -> None:
    changed = {**KEPT, "data": {"a": "2"}}
    assert found(None, there(changed, OLD), changed, base=(KEPT, OLD)) == (orphan(OLD),)
    assert found(None, there(KEPT, OLD), changed, base=(KEPT, OLD)) == (pending(OLD),)


def test_what_was_not_declared_before_either_is_one_already() -> None:
    stray = thing("v1/ConfigMap", "stray")
    known = {"base": (KEPT, OLD), "is_deployed": False}
    assert found(listing(FLUX, KEPT, OLD, stray), there(KEPT, OLD, stray), **known) == (pending(OLD), orphan(stray))


@pytest.mark.parametrize(
    "engine",
    [
        replace(ARGOCD, alone=False),
        replace(ARGOCD, rewrites=("kustomize",)),
        replace(ARGOCD, busy="Argo CD is syncing it"),
        replace(ARGOCD, revision="c" * 40),
    ],
    ids=["deploys more", "deploys otherwise", "at work", "at a commit that nobody knows"],
)
def test_an_engine_whose_list_is_not_the_target_s(engine: Deployed) -> None:
    old = thing("v1/ConfigMap", "old", metadata=by_argocd(OLD_ID))
    assert found(listing(engine, old), there(KEPT, old)) == ()
    assert found(engine, tracked(old)) == ()


def test_objects_whose_namespace_the_engine_or_nobody_knows() -> None:
    bare: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}}
    elsewhere = thing("v1/ConfigMap", "old", metadata={"namespace": "other"})
    live = there(OLD, elsewhere)

    def judged(deployed: Deployed, namespace: str | None) -> list[ObjectRef]:
        traces = Traces((bare,), namespace, deployed=listing(deployed, OLD, elsewhere))
        return [each.object for each in orphans(traces, live, complete=True)]

    assert judged(ARGOCD, None) == [ref(elsewhere)]
    assert judged(ARGOCD, "other") == []
    assert judged(FLUX, None) == []


def test_the_namespace_that_argo_cd_makes_is_none_unless_git_declared_it() -> None:
    place, other = (thing("v1/Namespace", name, metadata={"namespace": ""}) for name in ("pay", "old"))
    deployed = listing(ARGOCD, place, other)
    assert found(deployed, there(place, other)) == (orphan(other),)
    known = {"base": (KEPT, place), "is_deployed": True}
    assert found(deployed, there(KEPT, place), **known) == (orphan(place),)


def test_names_that_the_engine_substitutes_are_nobody_s_to_compare() -> None:
    named = thing("v1/ConfigMap", "${app}-settings")
    assert found(listing(FLUX, OLD), there(OLD), named) == ()
    assert found(listing(FLUX, OLD), there(OLD), KEPT) == (orphan(OLD),)


def test_targets_of_a_cluster_share_what_was_met() -> None:
    mine = thing("v1/ConfigMap", "old", metadata=by_argocd(OLD_ID))
    other = thing("v1/ConfigMap", "other", metadata=by_argocd("other:/ConfigMap:pay/other"))
    both = thing("v1/ConfigMap", "both", metadata={**by_argocd("payment:/ConfigMap:pay/both"), **by_flux()})
    live = tracked(mine, other, both)
    marked = Marked(live.tracked)
    assert [ref.name for ref in marked.of(ARGOCD)] == ["old", "both"]
    assert [ref.name for ref in marked.of(FLUX)] == ["both"]
    traces = Traces((KEPT,), "pay", deployed=ARGOCD)
    expected = tuple(sorted((orphan(mine), orphan(both)), key=lambda each: each.object))
    assert orphans(traces, live, complete=True, marked=marked) == expected == orphans(traces, live, complete=True)


def test_a_custom_cluster_wide_object_that_git_seems_to_place() -> None:
    wide = thing("example.com/v1/ClusterThing", "x", metadata={"namespace": ""})
    assert found(listing(FLUX, wide), there(wide), thing("example.com/v1/ClusterThing", "x")) == ()


def test_hooks_and_what_is_going_are_none() -> None:
    hook = thing("batch/v1/Job", "migrate", metadata={"annotations": {"helm.sh/hook": "pre-install"}})
    going = thing("v1/ConfigMap", "old", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    assert found(listing(FLUX, hook, going), there(hook, going)) == ()
    assert candidates(Traces((hook,), "pay", deployed=listing(FLUX, hook))) == frozenset()


def test_secrets_that_are_not_compared_are_no_candidates() -> None:
    secret = thing("v1/Secret", "old")
    traces = Traces((KEPT,), "pay", deployed=listing(FLUX, secret), secrets=False)
    assert candidates(traces) == frozenset()
    assert candidates(replace(traces, secrets=True)) == {ref(secret)}


def test_a_rule_leaves_whole_objects_out() -> None:
    traces = Traces((KEPT,), "pay", deployed=listing(FLUX, OLD))

    def left(rule: Ignore) -> int:
        return len(orphans(traces, there(OLD), complete=True, ignore=(rule,)))

    assert left(Ignore("x", kind="ConfigMap")) == 0
    assert left(Ignore("x", name="old")) == 0
    assert left(Ignore("x", kind="ConfigMap", path="/data")) == 1
    assert left(Ignore("x", kind="Secret")) == 1


def test_a_trimmed_object_keeps_nothing_that_it_holds() -> None:
    held = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": {"password": "cGxhbnRlZA=="}}'}
    fields = [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {}}}]
    metadata = {"name": "a", "annotations": held, "managedFields": fields, "resourceVersion": "1"}
    kept = {"name": "a", "annotations": {}, "managedFields": [{"manager": "kubectl"}]}
    assert trimmed("v1", "Secret", metadata) == {"apiVersion": "v1", "kind": "Secret", "metadata": kept}
