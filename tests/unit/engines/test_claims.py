"""Which of several engines' objects deploys a target."""

from typing import Any

import pytest

from bot.clusters.engines.claims import Claim, Claims, folder_key, repository_key
from bot.model.catalog import Repository, Target
from bot.model.sync import Deployed, ObjectRef

REPOSITORIES = {"config": Repository("config", "https://github.com/acme/gitops.git", "main")}
SERVERS = {
    "hub": "https://hub.example.com",
    "prod": "https://prod.example.com:6443/",
    "admin": "https://hub.example.com:443",
}
HERE = "github.com/acme/gitops"


def target(*folders: str, cluster: str = "hub", namespace: str | None = None) -> Target:
    return Target("payment", "production", "config", folders or ("apps/payment",), cluster, namespace)


def claim(name: str, folder: str = "apps/payment", said: dict[str, Any] | None = None, **parts: Any) -> Claim:
    ref = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", name)
    told = Deployed(**{"engine": "argocd", "cluster": "hub", "object": ref, "folder": folder, **(said or {})})
    return Claim(told, (parts.pop("repository", HERE), folder), **parts)


def found(wanted: Target, *claims: Claim) -> str | None:
    deployed = Claims(claims, REPOSITORIES, SERVERS).deployed(wanted)
    return deployed and f"{deployed.object.name}{'' if deployed.alone else ' and more'}"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/gitops",
        "https://GitHub.com/Acme/GitOps.git",
        "https://git@github.com:443/acme/gitops/",
        "git@github.com:acme/gitops.git",
        "ssh://git@github.com/acme/gitops.git",
        "ssh://git@ssh.github.com:443/acme/gitops.git",
    ],
)
def test_one_repository_has_many_addresses(url: str) -> None:
    assert repository_key(url) == HERE


def test_addresses_of_other_forges() -> None:
    azure = repository_key("https://acme@dev.azure.com/acme/pay/_git/gitops")
    assert azure == repository_key("git@ssh.dev.azure.com:v3/acme/pay/gitops") == "dev.azure.com/acme/pay/gitops"
    bitbucket = repository_key("https://bitbucket.example.com/scm/pay/gitops.git")
    assert bitbucket == repository_key("ssh://git@bitbucket.example.com:7999/pay/gitops.git")
    assert repository_key("https://git.example.com:8443/a/b") != repository_key("https://git.example.com/a/b")
    assert repository_key("file:///srv/Git/a.git") == repository_key("/srv/Git/a.git") == "/srv/Git/a"


@pytest.mark.parametrize(
    ("path", "folder"),
    [("./apps/a/", "apps/a"), ("/apps/a", "apps/a"), ("", ""), (".", ""), ("a/../b", "b"), ("../a", "a")],
)
def test_a_folder_has_many_spellings(path: str, folder: str) -> None:
    assert folder_key(path) == folder


def test_the_same_repository_and_folder() -> None:
    assert found(target(), claim("payment")) == "payment"
    assert found(target(), claim("payment", repository="github.com/acme/other")) is None
    assert found(target(), claim("payment", "apps/pay")) is None
    assert found(target(), claim("payment", "apps/payment/base")) is None
    assert found(target("./apps/payment/"), claim("payment")) == "payment"


def test_a_folder_inside_one_that_is_deployed_with_all_below() -> None:
    apps, all_of_it = claim("apps", "apps", below=True), claim("all", "", below=True)
    assert found(target(), apps) == "apps and more"
    assert found(target(), claim("apps", "apps")) is None
    assert found(target(), apps, claim("payment")) == "payment"
    assert found(target("apps/payment/prod"), apps, claim("payment", below=True)) == "payment and more"
    assert found(target(), all_of_it) is None


def test_a_file_belongs_to_its_folder() -> None:
    assert found(target("apps/payment.yaml"), claim("apps", "apps")) == "apps and more"
    assert found(target("apps/payment.yaml"), claim("all", "environments")) is None


def test_several_that_fit_equally_are_none() -> None:
    assert found(target(), claim("one"), claim("two")) is None
    both = target("apps/payment", "apps/common")
    assert found(both, claim("one"), claim("two", "apps/common")) is None
    assert found(both, claim("one")) == "one"


def test_what_tells_several_apart() -> None:
    there, elsewhere = claim("one", said={"namespace": "pay"}), claim("two", said={"namespace": "preview"})
    assert found(target(namespace="pay"), there, elsewhere) == "one"
    assert found(target(namespace="other"), there, elsewhere) is None
    assert found(target(), claim("one", branch="main"), claim("two")) == "one"


def test_one_that_follows_another_branch_deploys_something_else() -> None:
    assert found(target(), claim("one", branch="release")) is None
    assert found(target(), claim("one", branch="release"), claim("two", branch="main")) == "two"


def test_two_sources_of_one_application() -> None:
    sources = [claim("one", beside=frozenset({(HERE, "apps/common")})), claim("one", "apps/common")]
    assert found(target("apps/payment", "apps/common"), *sources) == "one"
    assert found(target(), *sources) == "one and more"


def test_the_cluster_that_it_deploys_to() -> None:
    assert found(target(cluster="prod"), claim("one")) is None
    assert found(target(cluster="prod"), claim("one", server="https://prod.example.com:6443")) == "one"
    assert found(target(cluster="hub"), claim("one", server="https://prod.example.com:6443")) is None
    assert found(target(cluster="prod"), claim("one", cluster="prod")) == "one"
    assert found(target(cluster="hub"), claim("one", cluster="prod")) is None
    assert found(target(cluster="unknown"), claim("one")) is None


@pytest.mark.parametrize("server", ["nonsense", "https://[bad", "https://hub.example.com:port", "https://"])
def test_a_destination_that_is_no_address_is_nowhere(server: str) -> None:
    assert found(target(), claim("one", server=server)) is None


def test_one_object_seen_through_two_contexts_is_one() -> None:
    twice = [claim("one"), claim("one", said={"cluster": "admin"})]
    assert found(target(cluster="hub"), *twice) == found(target(cluster="admin"), *twice) == "one"


def test_a_namespace_that_is_set_to_what_it_is_rewrites_nothing() -> None:
    said = {"namespace": "pay", "rewrites": ("targetNamespace", "patches")}
    claims = Claims([claim("one", said=said)], REPOSITORIES, SERVERS)
    same, other = (claims.deployed(target(namespace=each)) for each in ("pay", "other"))
    assert same is not None
    assert other is not None
    assert (same.rewrites, other.rewrites) == (("patches",), ("targetNamespace", "patches"))


@pytest.mark.parametrize(("release", "rewrites"), [("", ()), ("payment", ()), ("pay", ("releaseName",))])
def test_a_release_is_called_like_the_service_or_it_is_another(release: str, rewrites: tuple[str, ...]) -> None:
    told = Claims([claim("one", release=release)], REPOSITORIES, SERVERS).deployed(target())
    assert told is not None
    assert told.rewrites == rewrites


def test_a_target_of_a_repository_that_is_not_configured() -> None:
    assert Claims([claim("one")], {}, SERVERS).deployed(target()) is None


def test_where_two_engines_claim_a_folder_the_config_may_say_which_deploys_it() -> None:
    both = Claims([claim("one"), claim("two", said={"engine": "flux"})], REPOSITORIES, SERVERS)
    told = {engine: both.deployed(target(), engine) for engine in (None, "argocd", "flux")}
    assert {engine: each and each.object.name for engine, each in told.items()} == {
        None: None,
        "argocd": "one",
        "flux": "two",
    }
