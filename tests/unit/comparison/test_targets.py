"""All that a target declares against what a look at a cluster found."""

from typing import Any

from bot.comparison import compare_all, references, verdict
from bot.model.rules import Ignore
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Severity, SyncState


def thing(kind: str, name: str = "x", **parts: Any) -> dict[str, Any]:
    version, _, word = kind.rpartition("/")
    metadata = {"name": name, **parts.pop("metadata", {})}
    return {"apiVersion": version, "kind": word, "metadata": metadata, **parts}


def ref(kind: str, name: str = "x", namespace: str = "pay") -> ObjectRef:
    version, _, word = kind.rpartition("/")
    return ObjectRef(version, word, namespace, name)


def live(*manifests: Manifest, namespace: str = "pay") -> Live:
    return Live({references([each], namespace)[0]: each for each in manifests})


def test_row_110_a_namespace_comes_from_git_then_the_target_then_default() -> None:
    one, two = thing("v1/ConfigMap", metadata={"namespace": "own"}), thing("v1/ConfigMap")
    assert references([one, two], "pay") == (ref("v1/ConfigMap", namespace="own"), ref("v1/ConfigMap"))
    assert references([two], None) == (ref("v1/ConfigMap", namespace="default"),)


def test_row_109_what_is_cluster_wide_has_no_namespace_whatever_git_says() -> None:
    found = references([thing("rbac.authorization.k8s.io/v1/ClusterRole", metadata={"namespace": "a"})], "pay")
    assert found == (ref("rbac.authorization.k8s.io/v1/ClusterRole", namespace=""),)


def test_row_110_a_definition_beside_it_tells_a_custom_kinds_scope() -> None:
    definition = thing(
        "apiextensions.k8s.io/v1/CustomResourceDefinition",
        spec={"group": "example.com", "scope": "Cluster", "names": {"kind": "Thing"}},
    )
    found = references([definition, thing("example.com/v1/Thing"), thing("example.com/v1/Other")], "pay")
    assert [each.namespace for each in found] == ["", "", "pay"]


def test_row_113_a_list_is_its_items() -> None:
    items = [thing("v1/ConfigMap"), thing("v1/List", items=[thing("v1/Secret")])]
    assert references([{"apiVersion": "v1", "kind": "List", "items": items}], "pay") == (
        ref("v1/ConfigMap"),
        ref("v1/Secret"),
    )


def test_rows_117_and_118_what_does_not_last_is_not_asked_for() -> None:
    nameless = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "x-"}}
    helm = thing("batch/v1/Job", metadata={"annotations": {"helm.sh/hook": "pre-install"}})
    argo = thing("batch/v1/Job", metadata={"annotations": {"argocd.argoproj.io/hook": "Skip"}})
    assert references([nameless, helm, argo], "pay") == ()
    assert compare_all([nameless, helm, argo], Live({}), "pay") == ()


def test_row_116_an_object_declared_twice_is_an_error_in_git() -> None:
    twice = [thing("v1/ConfigMap", data={"a": "1"}), thing("v1/ConfigMap", data={"a": "2"})]
    found = compare_all(twice, live(thing("v1/ConfigMap", data={"a": "3"})), "pay")
    error = Difference(ref("v1/ConfigMap"), Kind.CONFIG_ERROR, "", "declared 2 times", None, Severity.MEDIUM)
    assert found == (error,)
    assert verdict(found) is SyncState.UNKNOWN


def test_row_96_what_is_asked_for_and_not_there_is_missing() -> None:
    found = compare_all([thing("apps/v1/Deployment"), thing("v1/ConfigMap")], Live({}), "pay")
    assert found == (
        Difference(ref("apps/v1/Deployment"), Kind.MISSING, "", None, None, Severity.HIGH),
        Difference(ref("v1/ConfigMap"), Kind.MISSING, "", None, None, Severity.MEDIUM),
    )
    assert verdict(found) is SyncState.DRIFTED


def test_row_97_what_could_not_be_read_is_not_missing() -> None:
    assert compare_all([thing("v1/ConfigMap")], Live({}, {ref("v1/ConfigMap"): "timed out"}), "pay") == ()


def test_row_119_a_job_that_removes_itself_is_not_missing() -> None:
    gone, lasting = thing("batch/v1/Job", spec={"ttlSecondsAfterFinished": 60}), thing("batch/v1/Job", spec={})
    assert compare_all([gone], Live({}), "pay") == ()
    assert [each.kind for each in compare_all([lasting], Live({}), "pay")] == [Kind.MISSING]


def test_row_122_create_once_counts_only_as_missing() -> None:
    once = thing(
        "v1/ConfigMap", metadata={"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}}, data={"a": "1"}
    )
    assert compare_all([once], live(thing("v1/ConfigMap", data={"a": "2"})), "pay") == ()
    assert [each.kind for each in compare_all([once], Live({}), "pay")] == [Kind.MISSING]


def scaled(replicas: int, *, namespace: str = "pay", kind: str = "Deployment") -> tuple[Difference, ...]:
    """A Deployment of 2 in Git that runs with others, and an autoscaler from 2 to 10."""
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "x"}
    scaler = thing(
        "autoscaling/v2/HorizontalPodAutoscaler",
        metadata={"namespace": namespace},
        spec={"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 10},
    )
    runs = thing("apps/v1/Deployment", spec={"replicas": replicas})
    return compare_all([scaler, thing("apps/v1/Deployment", spec={"replicas": 2})], live(scaler, runs), "pay")


def test_row_83_replicas_within_an_autoscalers_bounds_are_its_own() -> None:
    assert scaled(5) == scaled(10) == ()


def test_row_84_replicas_outside_the_bounds_are_drift() -> None:
    assert [each.path for each in scaled(0)] == [each.path for each in scaled(20)] == ["spec.replicas"]


def test_row_85_an_autoscaler_elsewhere_or_of_another_kind_does_not_count() -> None:
    assert [each.path for each in scaled(5, namespace="other")] == ["spec.replicas"]
    assert [each.path for each in scaled(5, kind="StatefulSet")] == ["spec.replicas"]


def test_row_85_a_target_of_another_version_is_the_same() -> None:
    target = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "name": "x"}
    scaler = thing("autoscaling/v1/HorizontalPodAutoscaler", spec={"scaleTargetRef": target, "maxReplicas": 3})
    desired = [scaler, thing("apps/v1/Deployment", spec={"replicas": 2})]
    assert compare_all(desired, live(scaler, thing("apps/v1/Deployment", spec={"replicas": 3})), "pay") == ()


def containers(*images: str) -> dict[str, Any]:
    found = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return thing("apps/v1/Deployment", spec={"replicas": 1, "template": {"spec": {"containers": found}}})


def ignoring(**rule: str) -> list[str]:
    want, have = containers("a:1", "b:1"), containers("a:2", "b:2")
    have["spec"]["replicas"] = 3
    return [each.path for each in compare_all([want], live(have), "pay", [Ignore("why", **rule)])]


def test_row_94_a_rule_leaves_out_a_path_and_all_below_it() -> None:
    images = [f"spec.template.spec.containers[name=c{number}].image" for number in range(2)]
    assert ignoring(path="/spec/replicas") == images
    assert ignoring(kind="Deployment", name="x", path="/spec/template") == ["spec.replicas"]
    assert ignoring(kind="StatefulSet") == ignoring(name="other") == ["spec.replicas", *images]
    assert ignoring(kind="Deployment") == []


def test_row_95_a_rule_names_an_item_by_its_key_or_its_place_in_git() -> None:
    left = ["spec.replicas", "spec.template.spec.containers[name=c0].image"]
    assert ignoring(path="/spec/template/spec/containers/name=c1/image") == left
    assert ignoring(path="/spec/template/spec/containers/1/image") == left


def test_an_ignored_object_may_be_missing() -> None:
    assert compare_all([thing("v1/ConfigMap")], Live({}), "pay", [Ignore("why", kind="ConfigMap")]) == ()


def test_objects_that_are_not_as_they_should_be_do_no_harm() -> None:
    odd: dict[str, Any] = thing("v1/ConfigMap", data=["a"], metadata={"labels": "x", "annotations": 5})
    assert [each.path for each in compare_all([odd], live(thing("v1/ConfigMap", data={"a": "b"})), "pay")] == [
        "data",
        "metadata.annotations",
        "metadata.labels",
    ]


def test_information_is_no_finding_and_config_errors_are_unknown() -> None:
    def of(kind: Kind, severity: Severity) -> Difference:
        return Difference(ref("v1/ConfigMap"), kind, "data.a", None, "b", severity)

    assert verdict(()) is SyncState.SYNCED
    assert verdict((of(Kind.UNDECLARED, Severity.INFO), of(Kind.UNDECLARED, Severity.LOW))) is SyncState.SYNCED
    assert verdict((of(Kind.UNDECLARED, Severity.MEDIUM),)) is SyncState.DRIFTED
    assert verdict((of(Kind.DRIFT, Severity.LOW),)) is SyncState.DRIFTED
    assert verdict((of(Kind.CONFIG_ERROR, Severity.MEDIUM),)) is SyncState.UNKNOWN
    assert verdict((of(Kind.CONFIG_ERROR, Severity.MEDIUM), of(Kind.DRIFT, Severity.LOW))) is SyncState.DRIFTED
