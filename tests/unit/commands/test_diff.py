"""What `diff` says: between two environments, and between Git and what runs."""

from dataclasses import replace

import pytest
from workbench import ENVIRONMENTS, Bench, path, pod

from bot.errors import Refusal
from bot.model.reply import Layout, Outcome, Section


def manifests(version: str, namespace: str, password: str) -> str:
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: login, namespace: {namespace}}}\n"
    return f"{pod(version).replace('shop', namespace)}---\n{secret}stringData: {{password: {password}}}\n"


def two(staging: str, production: str) -> Bench:
    return Bench(files={path("staging"): staging, path("production"): production})


def test_two_environments_are_compared_as_they_are_rendered() -> None:
    bench = two(pod("v1.1.0"), pod("v1.0.0"))
    reply = bench.say("diff payment staging prod")
    assert (reply.outcome, reply.text) == (
        Outcome.ANSWERED,
        "payment in Git is v1.1.0 in staging, v1.0.0 in production; 1 object differs.",
    )
    note, name, shown = reply.sections
    assert note.text == "Lines with - are staging's, lines with + are production's."
    assert name == Section("Pod shop/payment")
    assert shown.layout is Layout.CODE
    assert "-    image: acme/payment:v1.1.0\n+    image: acme/payment:v1.0.0" in shown.text.replace("  - ", "    ")
    assert reply.data is not None
    assert reply.data["from"] == {"environment": "staging", "version": "v1.1.0"}
    assert reply.data["objects"] == [{"object": "Pod shop/payment", "diff": shown.text}]


def test_another_namespace_is_no_difference() -> None:
    bench = two(manifests("v1.0.0", "one", "same"), manifests("v1.0.0", "two", "same"))
    reply = bench.say("diff payment staging prod")
    assert reply.text == "payment in Git is v1.0.0 in both staging and production; no object differs."
    assert reply.sections == ()


def test_values_of_secrets_are_never_shown() -> None:
    bench = two(manifests("v1.0.0", "one", "hunter2"), manifests("v1.0.0", "one", "correct-horse"))
    reply = bench.say("diff payment staging prod")
    assert reply.text.endswith("1 object differs.")
    assert reply.sections[1] == Section("Secret one/login")
    assert "password" in reply.sections[2].text
    assert "hunter2" not in repr(reply)
    assert "correct-horse" not in repr(reply)


def test_a_long_difference_is_folded() -> None:
    many = "".join(f"    - name: V{number}\n      value: x{number}\n" for number in range(100))
    bench = two(f"{pod('v1.0.0')}    env:\n{many}", pod("v1.0.0"))
    (_, _, shown) = bench.say("diff payment staging prod").sections
    lines = shown.text.splitlines()
    assert len(lines) == 61
    assert lines[-1] == "… and 144 more lines"


def test_what_can_not_be_rendered_is_refused() -> None:
    bench = two("kind: [\n", pod("v1.0.0"))
    with pytest.raises(Refusal, match=r"^payment in staging can't be compared: staging/payment/pod.yaml:2"):
        bench.plan("diff payment staging prod")


def test_an_environment_has_no_difference_from_itself() -> None:
    assert Bench().say("diff payment prod production").text == (
        "production is named twice. Name two environments, or one to compare Git with what runs there: "
        "diff payment production"
    )


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("v1.0.0", "Git has v1.0.0, the cluster runs v1.0.0; nothing differs from what Git declares."),
        ("v9.0.0", "Git has v1.0.0, the cluster runs v9.0.0; they differ."),
    ],
)
def test_one_environment_is_compared_with_what_runs(runs: str, said: str) -> None:
    bench = Bench()
    bench.runs("production", runs)
    reply = bench.say("diff payment prod")
    assert reply.text == f"payment in production: {said}"
    assert [section.text for section in reply.sections[:1]] == ([] if runs == "v1.0.0" else ["payment in production"])


def test_what_a_cluster_will_follow_is_pending_and_no_difference() -> None:
    bench = Bench()
    bench.runs("production", "v1.0.0")
    assert bench.say("status payment in prod").text.endswith("synced, healthy.")
    bench.put("production", "v1.1.0")
    assert bench.say("diff payment prod").text == (
        "payment in production: Git has v1.1.0, the cluster runs v1.0.0; "
        "Git is ahead: the cluster has not applied it yet."
    )


def test_without_a_cluster_a_second_environment_is_asked_for() -> None:
    places = {name: replace(each, cluster=None) for name, each in ENVIRONMENTS.items()}
    assert Bench(environments=places).say("diff payment prod").text == (
        "What runs in production can't be told: no cluster is configured for production. Name a second environment to "
        "compare with in Git: diff payment production <environment>"
    )
