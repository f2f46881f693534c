"""Git and clusters looked at together: what is said of each target, and that no trouble hides another."""

# ruff: noqa: ARG002 - the signatures are the ports'

import copy
from collections.abc import Iterable
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from memory import Clusters, Engines, Git, Synced

from bot.errors import Refusal, Unavailable
from bot.model.catalog import ImagePolicy, Target
from bot.model.rules import Ignore
from bot.model.sync import (
    Deployed,
    Health,
    Kind,
    Live,
    Manifest,
    ObjectRef,
    Rehearsal,
    Severity,
    Sighting,
    Symptoms,
    SyncState,
)
from bot.ports import Tree
from bot.rendering.dialect import parse
from bot.rendering.renderer import Renderer
from bot.survey import Survey

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: shop}\ndata: {%s}\n"


def target(service: str = "payment", **changes: Any) -> Target:
    given = {"repository": "config", "folders": (f"staging/{service}",), "cluster": "east"} | changes
    return Target(service, "staging", **given)


def pod(*images: str, name: str = "payment") -> str:
    containers = "".join(f"  - {{name: c{number}, image: '{image}'}}\n" for number, image in enumerate(images))
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  containers:\n{containers}"


def live(*texts: str) -> list[Manifest]:
    return [document.value for text in texts for document in parse(text.encode(), "live.yaml")]


class Sight:
    """A repository, a cluster, and what a look at them says."""

    def __init__(self, files: dict[str, str], renderer: object | None = None, **options: Any) -> None:
        self.git = Git(files)
        self.clusters = Clusters()
        self.synced = Synced()
        self.engines = Engines()
        self.survey = Survey(self.git, renderer or Renderer(), self.clusters, self.synced, self.engines, **options)  # type: ignore[arg-type]  # a port

    def apply(self, *texts: str) -> None:
        self.clusters.apply("east", *live(*texts))

    def one(self, wanted: Target | None = None) -> Sighting:
        (sighting,) = self.survey.look([wanted or target()])
        return sighting


@pytest.fixture
def sight() -> Sight:
    made = Sight({"staging/payment/pod.yaml": pod("acme/payment:v1")})
    made.apply(pod("acme/payment:v1"))
    return made


def told(sighting: Sighting) -> tuple[str, str, str | None, str | None]:
    return sighting.sync.value, sighting.why, sighting.desired, sighting.live


def test_what_runs_as_declared_is_synced(sight: Sight) -> None:
    seen = sight.one()
    expected = Sighting(target(), sight.git.newest, "v1", "v1", SyncState.SYNCED, seen.health, seen.why)
    assert seen == replace(expected, ailments=seen.ailments)
    assert seen.differences == ()


def test_what_was_changed_by_hand_has_drifted(sight: Sight) -> None:
    sight.one()
    sight.apply(pod("acme/payment:v9"))
    seen = sight.one()
    assert (seen.sync, seen.desired, seen.live) == (SyncState.DRIFTED, "v1", "v9")
    assert [(each.desired, each.live) for each in seen.differences] == [("acme/payment:v1", "acme/payment:v9")]


def test_what_has_no_version_is_compared_all_the_same() -> None:
    sight = Sight({"staging/payment/pod.yaml": pod("acme/one:v1", "acme/two:v2")})
    sight.apply(pod("acme/one:v1", "acme/two:v2"))
    seen = sight.one()
    assert (seen.sync, seen.desired, seen.differences) == (SyncState.SYNCED, None, ())
    assert "No image of payment is in staging/payment; there are acme/one" in seen.why
    sight.apply(pod("acme/one:v1", "acme/two:v3"))
    seen = sight.one()
    assert [(each.desired, each.live) for each in seen.differences] == [("acme/two:v2", "acme/two:v3")]
    assert seen.sync is SyncState.DRIFTED


def test_what_git_is_ahead_of_is_pending(sight: Sight) -> None:
    sight.one()
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    seen = sight.one()
    assert (seen.sync, seen.desired, seen.live) == (SyncState.PENDING, "v2", "v1")
    assert [(each.kind, each.severity) for each in seen.differences] == [(Kind.PENDING, Severity.INFO)]
    assert seen.why.startswith("Git is ahead: the cluster has not applied it yet")


def test_a_rollback_that_is_not_applied_yet_is_pending(sight: Sight) -> None:
    """Its content was in sync once, but not last."""
    sight.one()
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    sight.apply(pod("acme/payment:v2"))
    assert sight.one().sync is SyncState.SYNCED
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v1")})
    seen = sight.one()
    assert (seen.sync, seen.desired, seen.live) == (SyncState.PENDING, "v1", "v2")


def test_git_may_be_several_commits_ahead(sight: Sight) -> None:
    sight.one()
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v3")})
    seen = sight.one()
    assert (seen.sync, seen.desired, seen.live) == (SyncState.PENDING, "v3", "v1")


def test_a_change_of_any_file_that_is_rendered_is_pending() -> None:
    """Here of one that only a generator names, outside the target's folders."""
    sight = Sight(
        {
            "staging/payment/kustomization.yaml": (
                "resources: [pod.yaml]\nnamespace: shop\ngeneratorOptions: {disableNameSuffixHash: true}\n"
                "configMapGenerator: [{name: settings, envs: [../../shared/settings.env]}]\n"
            ),
            "staging/payment/pod.yaml": pod("acme/payment:v1"),
            "shared/settings.env": "a=b\n",
        }
    )
    sight.apply(pod("acme/payment:v1"), CONFIG_MAP % ("settings", "a: b"))
    assert sight.one().sync is SyncState.SYNCED
    sight.git.write({"shared/settings.env": "a=c\n"})
    assert sight.one().sync is SyncState.PENDING


def test_what_was_in_sync_once_and_is_as_before_again_was_undone_by_hand(sight: Sight) -> None:
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    sight.apply(pod("acme/payment:v2"))
    assert sight.one().sync is SyncState.SYNCED
    sight.apply(pod("acme/payment:v1"))
    assert sight.one().sync is SyncState.DRIFTED


def test_a_new_commit_on_a_cluster_that_had_drifted_before_is_drift(sight: Sight) -> None:
    sight.apply(pod("acme/payment:v9"))
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    assert sight.one().sync is SyncState.DRIFTED


def test_an_object_that_git_added_is_pending_and_one_that_it_removed_is_until_it_is_gone(sight: Sight) -> None:
    extra = CONFIG_MAP % ("extra", "a: b")
    sight.git.write({"staging/payment/extra.yaml": extra})
    assert sight.one().sync is SyncState.PENDING
    sight.apply(extra)
    assert sight.one().sync is SyncState.SYNCED
    sight.git.write({"staging/payment/extra.yaml": None})
    removed = sight.one()
    assert (removed.sync, [each.object.name for each in removed.differences]) == (SyncState.PENDING, ["extra"])
    sight.clusters.held["east"].pop(removed.differences[0].object)
    assert sight.one().sync is SyncState.SYNCED


def test_the_first_commit_has_none_before_it() -> None:
    sight = Sight({"staging/payment/pod.yaml": pod("acme/payment:v1")})
    seen = sight.one()
    assert (seen.sync, seen.health, seen.why) == (SyncState.DRIFTED, Health.MISSING, "Pod shop/payment is missing")


def test_a_commit_that_could_not_be_rendered_before_is_no_excuse() -> None:
    sight = Sight({"staging/payment/pod.yaml": "image: ["})
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v1")})
    assert sight.one().sync is SyncState.DRIFTED


def test_a_cluster_that_cannot_be_read_leaves_it_unknown(sight: Sight) -> None:
    sight.clusters.down.add("east")
    assert told(sight.one()) == ("unknown", "east can't be reached", "v1", None)
    assert sight.one().health is Health.UNKNOWN
    assert sight.synced.known == {}, "what was not seen was not in sync"


def test_drift_is_told_beside_what_could_not_be_read() -> None:
    files = {"staging/payment/pod.yaml": pod("acme/payment:v1")}
    files |= {f"staging/payment/{name}.yaml": CONFIG_MAP % (name, "a: b") for name in "xyz"}
    sight = Sight(files)
    sight.apply(*(text.replace("v1\n", "v1\n").replace("payment:v1", "payment:v9") for text in files.values()))
    for name in "xy":
        sight.clusters.unchecked[ObjectRef("v1", "ConfigMap", "shop", name)] = f"{name} may not be read"
    seen = sight.one()
    assert (seen.sync, seen.live, len(seen.differences)) == (SyncState.DRIFTED, "v9", 1)
    assert seen.why.startswith("x may not be read (and 1 more)")
    sight.apply(pod("acme/payment:v1"))
    assert sight.one().sync is SyncState.UNKNOWN


def test_without_a_cluster_git_alone_is_told(sight: Sight) -> None:
    assert told(sight.one(target(cluster=None))) == ("unknown", "no cluster is configured for staging", "v1", None)
    assert sight.clusters.reads == 0


def test_a_folder_that_cannot_be_rendered_hides_no_other(sight: Sight) -> None:
    sight.git.write(
        {"staging/broken/pod.yaml": pod("acme/broken:v3", name="broken"), "staging/broken/x.yaml": "a: {{ b }}"}
    )
    broken, well = sight.survey.look([target("broken"), target()])
    assert (broken.sync, broken.live) == (SyncState.UNKNOWN, None)
    assert "staging/broken/x.yaml:1" in broken.why
    assert broken.desired == "v3", "the version can be told although the folder can't be rendered"
    assert well.sync is SyncState.SYNCED


class Choking(Renderer):
    """Raises, for one folder, what only the outside can."""

    def render(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[Manifest, ...]:
        if folder.endswith("broken"):
            raise Unavailable("There is no kubectl here.")
        return super().render(tree, folder, target)


def test_a_renderer_that_is_not_there_keeps_the_version_and_hides_no_other() -> None:
    files = {
        "staging/broken/pod.yaml": pod("acme/broken:v3", name="broken"),
        "staging/payment/pod.yaml": pod("acme/payment:v1"),
    }
    sight = Sight(files, Choking())
    sight.apply(*files.values())
    broken, well = sight.survey.look([target("broken"), target()])
    assert told(broken) == ("unknown", "There is no kubectl here.", "v3", None)
    assert well.sync is SyncState.SYNCED


def test_sightings_keep_their_order_and_a_cluster_is_read_once() -> None:
    names = ["d", "a", "c", "b"]
    files = {f"staging/{name}/pod.yaml": pod(f"acme/{name}:v1", name=name) for name in names}
    sight = Sight(files)
    sight.apply(*files.values())
    assert [each.target.service for each in sight.survey.look(map(target, names))] == names
    assert sight.clusters.reads == 1
    assert sight.survey.look([]) == ()


def test_a_whole_repository_that_cannot_be_reached_is_unavailable(sight: Sight) -> None:
    class Away(Git):
        def head(self, repository: str) -> Any:
            raise Unavailable("The repository can't be reached.")

    survey = Survey(Away({"a": ""}), Renderer(), sight.clusters, sight.synced, Engines())
    with pytest.raises(Unavailable):
        survey.look([target()])


@pytest.mark.parametrize(
    ("declared", "running", "desired", "seen"),
    [
        (["acme/payment:v1"], ["acme/payment:v2"], "v1", "v2"),
        (["acme/payment"], ["acme/payment:latest"], "latest", "latest"),
        ([f"acme/payment@{DIGEST}"], [f"acme/payment@{DIGEST}"], DIGEST, DIGEST),
        ([f"acme/payment@{DIGEST}"], [f"acme/payment@{OTHER}"], DIGEST, OTHER),
        ([f"acme/payment:v1@{DIGEST}"], [f"acme/payment:v1@{DIGEST}"], f"v1@{DIGEST}", f"v1@{DIGEST}"),
        ([f"acme/payment:v1@{DIGEST}"], [f"acme/payment:v1@{OTHER}"], f"v1@{DIGEST}", f"v1@{OTHER}"),
        (["acme/payment:v1"], [f"acme/payment:v1@{DIGEST}"], "v1", "v1"),
        (["acme/payment:v1", "acme/proxy:v7"], ["acme/payment:v2", "acme/proxy:v8"], "v1", "v2"),
        (["acme/payment:v1"] * 2, ["acme/payment:v1", "acme/payment:v2"], "v1", "v1, v2"),
        (["acme/payment:v1"], ["ghcr.example/acme/payment:v1"], "v1", "v1"),
        (["acme/payment:v1"], ["A BAD IMAGE"], "v1", None),
    ],
)
def test_which_version_runs(declared: list[str], running: list[str], desired: str, seen: str | None) -> None:
    sight = Sight({"staging/payment/pod.yaml": pod(*declared)})
    sight.apply(pod(*running))
    assert (sight.one().desired, sight.one().live) == (desired, seen)


def test_a_renamed_image_is_recognised_by_its_version() -> None:
    kustomization = "images: [{name: payment, newName: ghcr.example/pay, newTag: v1}]\nresources: [pod.yaml]\n"

    class Renders(Renderer):
        """What kustomize makes of it."""

        def render(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[Manifest, ...]:
            return tuple(live(pod("ghcr.example/pay:v1")))

        def inputs(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[str, ...]:
            return (folder,)

    sight = Sight(
        {"staging/payment/kustomization.yaml": kustomization, "staging/payment/pod.yaml": pod("payment:v0")}, Renders()
    )
    sight.apply(pod("ghcr.example/pay:v2"))
    assert (sight.one().desired, sight.one().live) == ("v1", "v2")


def test_what_the_config_ignores_is_no_drift() -> None:
    text = CONFIG_MAP % ("settings", "a: b")
    files = {"staging/payment/pod.yaml": pod("acme/payment:v1"), "staging/payment/map.yaml": text}
    sight = Sight(files, ignore=(Ignore("tuned at night", kind="ConfigMap", path="/data/a"),))
    sight.apply(pod("acme/payment:v1"), text.replace("a: b", "a: c"))
    assert sight.one().sync is SyncState.SYNCED


APPLICATION = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")


def deploys(sight: Sight, revision: str | None = None, **said: Any) -> None:
    """Argo CD says what it deployed."""
    sight.engines.found[target()] = Deployed("argocd", "east", APPLICATION, "staging/payment", revision, **said)


def test_row_125_an_engine_that_has_deployed_what_git_says_leaves_nothing_pending(sight: Sight) -> None:
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    assert sight.one().sync is SyncState.PENDING
    deploys(sight, sight.git.newest)
    assert sight.one().sync is SyncState.DRIFTED


def test_row_125_what_is_neither_as_deployed_nor_as_git_says_is_drift(sight: Sight) -> None:
    deploys(sight, sight.git.newest)
    sight.git.write({"staging/payment/pod.yaml": pod("acme/payment:v2")})
    assert sight.one().sync is SyncState.PENDING
    sight.apply(pod("acme/payment:v9"))
    assert sight.one().sync is SyncState.DRIFTED


def test_row_126_while_an_engine_is_at_it_nothing_is_called_drift(sight: Sight) -> None:
    sight.apply(pod("acme/payment:v9"))
    deploys(sight, sight.git.newest, busy="Argo CD is syncing it")
    seen = sight.one()
    assert (seen.sync, seen.why) == (SyncState.PENDING, "Argo CD is syncing it; the pod is pending")
    assert seen.deployed == sight.engines.found[target()]


TRACKED = "metadata: {name: payment, annotations: {argocd.argoproj.io/tracking-id: '%s:/Pod:shop/payment'}, "


@pytest.mark.parametrize(
    ("app", "sync"),
    [("payment", SyncState.PENDING), ("another", SyncState.DRIFTED)],
    ids=["its own", "one that somebody made to claim the folder"],
)
def test_row_126_an_engine_is_believed_unless_the_objects_say_that_they_are_another_s(
    sight: Sight, app: str, sync: SyncState
) -> None:
    sight.one()
    sight.apply(pod("acme/payment:v9").replace("metadata: {name: payment, ", TRACKED % app))
    deploys(sight, sight.git.newest, busy="Argo CD is syncing it", mark="payment")
    seen = sight.one()
    assert (seen.sync, seen.deployed is None) == (sync, app == "another")


def test_what_an_engine_rewrites_cannot_be_told_from_the_folder(sight: Sight) -> None:
    sight.apply(pod("acme/payment:v9"))
    deploys(sight, sight.git.newest, rewrites=("images",))
    assert told(sight.one())[:2] == (
        "unknown",
        "Application argocd/payment deploys something else than the folder says, by its images; the pod is pending",
    )


def test_row_101_what_the_engine_deployed_and_git_lost_is_an_orphan(sight: Sight) -> None:
    sight.apply(CONFIG_MAP % ("old", "a: b"))
    old = ObjectRef("v1", "ConfigMap", "shop", "old")
    deploys(sight, sight.git.newest, inventory=frozenset({old, ObjectRef("v1", "Pod", "shop", "payment")}))
    seen = sight.one()
    assert [(each.object, each.kind, each.severity) for each in seen.differences] == [(old, Kind.ORPHAN, Severity.LOW)]
    assert seen.sync is SyncState.SYNCED, "it is told, and is no drift"


def test_row_101_what_moved_to_a_target_that_was_not_looked_at_is_no_orphan(sight: Sight) -> None:
    old = CONFIG_MAP % ("old", "a: b")
    sight.git.write({"staging/api/old.yaml": old})
    sight.apply(old)
    deploys(sight, sight.git.newest, inventory=frozenset({ObjectRef("v1", "ConfigMap", "shop", "old")}))
    assert [each.kind for each in sight.one().differences] == [Kind.ORPHAN], "nobody says who else there is"
    sight.survey = replace(sight.survey, everywhere=lambda: (target(), target("api")))
    assert sight.one().differences == ()
    sight.git.write({"staging/api/broken.yaml": "a: ["})
    assert sight.one().differences == (), "row_108: it can't be told what else is declared"


def test_objects_without_a_namespace_are_where_the_engine_puts_them() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings%s}\ndata: {a: b}\n"
    sight = Sight({"staging/payment/pod.yaml": pod("acme/payment:v1"), "staging/payment/map.yaml": text % ""})
    sight.apply(pod("acme/payment:v1"), text % ", namespace: pay")
    assert sight.one().sync is SyncState.DRIFTED
    deploys(sight, sight.git.newest, namespace="pay")
    assert sight.one().sync is SyncState.SYNCED


def test_row_88_a_dry_run_dismisses_what_applying_git_would_leave_as_it_is() -> None:
    sight = Sight({"staging/payment/pod.yaml": pod("acme/payment:v1")}, confirm=True)
    sight.apply(pod("registry.example/acme/payment:v1"))
    assert sight.one().sync is SyncState.DRIFTED, "nobody could tell"
    (result,) = live(pod("registry.example/acme/payment:v1"))
    sight.clusters.rehearsals[ObjectRef("v1", "Pod", "shop", "payment")] = Rehearsal(result)
    assert sight.one().sync is SyncState.SYNCED


def test_without_leave_secrets_are_neither_read_nor_compared() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop}\nstringData: {a: b}\n"
    files = {"staging/payment/pod.yaml": pod("acme/payment:v1"), "staging/payment/secret.yaml": secret}
    sight = Sight(files, secrets=False)
    sight.apply(pod("acme/payment:v1"))
    assert sight.one().sync is SyncState.SYNCED
    sight.survey = replace(sight.survey, secrets=True)
    assert sight.one().sync is SyncState.DRIFTED


def test_row_122_what_the_repository_says_is_not_worth_telling_is_not_told() -> None:
    text = CONFIG_MAP % ("settings", "a: b")
    rule = "- {kind: ConfigMap, path: /data/a, service: %s, why: tuned at night}\n"
    sight = Sight({"staging/payment/map.yaml": pod("acme/payment:v1") + "---\n" + text})
    sight.apply(pod("acme/payment:v1"), text.replace("a: b", "a: c"))
    assert sight.one().sync is SyncState.DRIFTED
    sight.git.write({".quarterdeck/ignore.yaml": rule % "api"})
    assert sight.one().sync is SyncState.DRIFTED
    sight.git.write({".quarterdeck/ignore.yaml": rule % "payment"})
    assert sight.one().sync is SyncState.SYNCED


def test_a_file_of_rules_that_cannot_be_read_hides_nothing_and_is_told(sight: Sight) -> None:
    sight.git.write({".quarterdeck/ignore.yaml": "- {path: /spec}\n"})
    sight.apply(pod("acme/payment:v9"))
    seen = sight.one()
    assert seen.sync is SyncState.DRIFTED
    assert "nothing is ignored by the repository's own rules: .quarterdeck/ignore.yaml:1" in seen.why


def test_a_look_changes_nothing_of_what_it_was_given(sight: Sight) -> None:
    before = copy.deepcopy(sight.clusters.held)
    sight.one()
    assert sight.clusters.held == before


@pytest.mark.parametrize(
    ("text", "policy", "problems"),
    [
        (pod("acme/payment:v1.0.0"), ImagePolicy(("acme/*",), "semver"), ()),
        (
            pod("acme/payment:main"),
            ImagePolicy(version="semver"),
            ("payment in staging: The version main is not allowed: images.version is semver, such as v1.3.0.",),
        ),
        (
            pod("evil/payment:v1.0.0"),
            ImagePolicy(("acme/*",)),
            ("payment in staging: The image evil/payment is not allowed; images.allow has: acme/*.",),
        ),
        (
            "image: [",
            ImagePolicy(),
            ("payment in staging: staging/payment/pod.yaml:2:1 is not YAML: did not find expected node content.",),
        ),
    ],
)
def test_what_check_says_of_a_target(text: str, policy: ImagePolicy, problems: tuple[str, ...]) -> None:
    sight = Sight({"staging/payment/pod.yaml": text.rstrip("\n") + "\n"})
    assert sight.survey.problems(sight.git.head("config"), target(), policy) == problems


def test_declaring_never_raises(sight: Sight) -> None:
    declared = sight.survey.declare(sight.git.head("config"), target(folders=("nowhere",)))
    assert (declared.version, declared.manifests, bool(declared.why)) == (None, (), True)
    with pytest.raises(Refusal):
        Renderer().render(sight.git.head("config"), "nowhere")


class Meeting(Clusters):
    """Clusters that answer only once so many are asked at the same time."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self.all_asked = Barrier(parties, timeout=10)

    def read(self, cluster: str, wanted: Iterable[ObjectRef]) -> Live:
        self.all_asked.wait()
        return super().read(cluster, wanted)


def test_no_cluster_waits_for_another() -> None:
    sight = Sight({f"{place}/payment/pod.yaml": pod("acme/payment:v1") for place in ("east", "west")})
    clusters = Meeting(2)
    for cluster in ("east", "west"):
        clusters.apply(cluster, *live(pod("acme/payment:v1")))
    survey = replace(sight.survey, clusters=clusters)
    seen = survey.look([target(cluster=cluster, folders=(f"{cluster}/payment",)) for cluster in ("east", "west")])
    assert [each.sync for each in seen] == [SyncState.SYNCED, SyncState.SYNCED]


WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: payment, namespace: shop, generation: 2}
spec:
  replicas: 3
  selector: {matchLabels: {app: payment}}
  template: {metadata: {labels: {app: payment}}, spec: {containers: [{name: app, image: 'acme/payment:v1'}]}}
"""
REF = ObjectRef("apps/v1", "Deployment", "shop", "payment")
APP = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
PULL = Symptoms(("ImagePullBackOff acme/payment:v1",), stuck=True)


def deployment(ready: int, reason: str = "ReplicaSetUpdated") -> Manifest:
    (found,) = live(WORKLOAD)
    counts = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": ready, "availableReplicas": ready}
    condition = {"type": "Progressing", "status": "True", "reason": reason}
    return {**found, "status": {"observedGeneration": 2, "conditions": [condition], **counts}}


def watched(manifest: Manifest, **engine: Any) -> Sight:
    sight = Sight({"staging/payment/deployment.yaml": WORKLOAD})
    sight.clusters.apply("east", manifest)
    if engine:
        sight.engines.found[target()] = Deployed("argocd", "east", APP, "staging/payment", **engine)
    return sight


def ailing(sighting: Sighting) -> list[tuple[str, str, str]]:
    return [(each.object.kind, each.health.value, each.reason) for each in sighting.ailments]


def test_what_is_healthy_ails_nothing_and_nobody_is_asked() -> None:
    sight = watched(deployment(3))
    seen = sight.one()
    assert (seen.health, seen.ailments, sight.clusters.examined) == (Health.HEALTHY, (), [])
    assert sight.survey.closely(seen) is seen
    assert sight.clusters.examined == []


def test_each_cluster_is_asked_once_for_all_that_ails_in_it() -> None:
    files = {f"staging/{name}/pod.yaml": pod("acme/x:v1", name=name) for name in ("api", "payment", "web")}
    sight = Sight(files)
    sight.apply(*files.values())
    sight.clusters.apply("east", {**live(files["staging/web/pod.yaml"])[0], "status": {"phase": "Running"}})
    sight.survey.look([target(service) for service in ("api", "payment", "web")])
    pods = {ObjectRef("v1", "Pod", "shop", name) for name in ("api", "payment")}
    assert sight.clusters.examined == [("east", pods, False)]


def test_what_its_pods_say_stands_beside_what_ails() -> None:
    sight = watched(deployment(2))
    sight.clusters.ailing[REF] = replace(PULL, stuck=False)
    (ailment,) = sight.one().ailments
    assert (ailment.object, ailment.reason, ailment.symptoms.causes) == (REF, "2 of 3 replicas ready", PULL.causes)


def test_closely_one_target_is_looked_at_again() -> None:
    sight = watched(deployment(2), trouble="the sync failed")
    seen = sight.one()
    sight.clusters.closer[REF] = replace(PULL, events=("BackOff: again",), log=("panic",), stuck=False)
    closer = sight.survey.closely(seen)
    assert [each.symptoms.log for each in closer.ailments] == [(), ("panic",)]
    assert sight.clusters.examined[-1] == ("east", {REF}, True)
    assert replace(closer, ailments=()) == replace(seen, ailments=())


@pytest.mark.parametrize(
    ("reason", "health"), [("ReplicaSetUpdated", Health.PROGRESSING), ("NewReplicaSetAvailable", Health.DEGRADED)]
)
def test_pods_that_cant_run_are_a_failure_once_no_rollout_is_under_way(reason: str, health: Health) -> None:
    sight = watched(deployment(2, reason))
    sight.clusters.ailing[REF] = PULL
    seen = sight.one()
    assert (seen.health, seen.ailments[0].health, seen.why) == (health, health, "2 of 3 replicas ready")


@pytest.mark.parametrize(
    ("ready", "engine", "health", "ailments"),
    [
        (3, {"health": Health.HEALTHY}, "healthy", []),
        (3, {"health": Health.MISSING}, "healthy", []),
        (2, {"health": Health.HEALTHY}, "progressing", [("Deployment", "progressing", "2 of 3 replicas ready")]),
        (3, {"health": Health.DEGRADED}, "degraded", [("Application", "degraded", "Argo CD says: degraded")]),
        (3, {"health": Health.SUSPENDED}, "suspended", [("Application", "suspended", "Argo CD says: suspended")]),
        (3, {"health": Health.DEGRADED, "alone": False}, "healthy", []),
        (
            2,
            {"health": Health.PROGRESSING},
            "progressing",
            [
                ("Deployment", "progressing", "2 of 3 replicas ready"),
                ("Application", "progressing", "Argo CD says: progressing"),
            ],
        ),
        (
            2,
            {"health": Health.HEALTHY, "trouble": "the sync failed: Job shop/migrate failed", "alone": False},
            "degraded",
            [
                ("Application", "degraded", "the sync failed: Job shop/migrate failed"),
                ("Deployment", "progressing", "2 of 3 replicas ready"),
            ],
        ),
    ],
)
def test_an_engines_word_makes_it_worse_and_never_better(
    ready: int, engine: dict[str, Any], health: str, ailments: list[tuple[str, str, str]]
) -> None:
    seen = watched(deployment(ready), **engine).one()
    assert (seen.health.value, ailing(seen)) == (health, ailments)
    assert not ailments or ailments[0][2] in seen.why


def test_what_is_missing_ails_too() -> None:
    sight = Sight({"staging/payment/deployment.yaml": WORKLOAD})
    seen = sight.one()
    assert (seen.health, ailing(seen)) == (
        Health.MISSING,
        [("Deployment", "missing", "Deployment shop/payment is missing")],
    )
    assert sight.clusters.examined == []
