"""Which services there are, where."""

import pytest
from trees import Files

from bot import targets
from bot.errors import Refusal
from bot.model.catalog import Catalog, Environment, Repository, Service, Target

CONFIG = Files(
    {
        "staging/api/pod.yaml": "",
        "staging/payment/pod.yaml": "",
        "production/payment/pod.yaml": "",
        "production/eu/payment/pod.yaml": "",
        "production/notes/README.md": "",
        "production/two\nlines/pod.yaml": "",
        "production/\x1b[31mred/pod.yaml": "",
        "production/.hidden/pod.yaml": "",
    }
)
OWN = Files({"staging/payment/pod.yaml": "", "staging/extra/pod.yaml": "", "production/payment/pod.yaml": ""})
TREES = {"config": CONFIG, "own": OWN}


def catalog(*services: Service, **paths: str | tuple[str, ...]) -> Catalog:
    paths = paths or {"staging": "staging/{service}", "production": "production/{service}"}
    return Catalog(
        {name: Repository(name, f"/srv/{name}") for name in TREES},
        {
            name: Environment(name, (path,) if isinstance(path, str) else path, "config", cluster=f"{name}-1")
            for name, path in paths.items()
        },
        {service.name: service for service in services},
    )


def find(*services: Service, **paths: str | tuple[str, ...]) -> tuple[Target, ...]:
    return targets.find(catalog(*services, **paths), TREES.__getitem__)


def test_targets_stand_in_order_of_promotion_then_by_name() -> None:
    assert find() == (
        Target("api", "staging", "config", ("staging/api",), "staging-1"),
        Target("payment", "staging", "config", ("staging/payment",), "staging-1"),
        Target("payment", "production", "config", ("production/payment",), "production-1"),
    )


def test_the_config_adds_what_the_trees_do_not_show() -> None:
    (target,) = find(Service("payment", namespace="shop", image="acme/pay"), production="production/{service}")
    assert (target.namespace, target.image) == ("shop", "acme/pay")


def test_a_service_that_the_config_names_and_no_tree_holds_is_not_there() -> None:
    assert find(Service("ghost"), staging="staging/{service}") == find(staging="staging/{service}")


def test_several_paths_are_one_target_with_several_folders() -> None:
    (target,) = find(production=("production/{service}", "production/eu/{service}", "production/us/{service}"))
    assert target.folders == ("production/payment", "production/eu/payment")


def test_a_service_with_a_repository_of_its_own_is_looked_for_there_and_nowhere_else() -> None:
    found = find(Service("payment", repository="own"))
    assert [(target.service, target.environment, target.repository) for target in found] == [
        ("api", "staging", "config"),
        ("payment", "staging", "own"),
        ("payment", "production", "own"),
    ]


def test_a_folder_outside_of_every_tree_is_refused() -> None:
    with pytest.raises(Refusal, match="leads out of the repository"):
        find(production="../{service}")


def test_no_environments_no_targets() -> None:
    assert targets.find(Catalog({}, {}), TREES.__getitem__) == ()


WATCHED = Files(
    {
        "platform/staging/ingress/kustomization.yaml": "",
        "platform/staging/ingress/base/pod.yaml": "",
        "platform/staging/storage/class.yml": "",
        "platform/staging/docs/README.md": "",
        "platform/pod.yaml": "",
        "staging/api/pod.yaml": "",
        "staging/cache/pod.yaml": "",
    }
)


@pytest.mark.parametrize(
    ("patterns", "folders"),
    [
        (("platform/staging/*",), ("platform/staging/ingress", "platform/staging/storage")),
        (("platform/*/s*", "platform"), ("platform", "platform/staging/storage")),
        (("platform/staging/i*", "*/*/*/base"), ("platform/staging/ingress", "platform/staging/ingress/base")),
        (("staging/*",), ("staging/cache",)),
        (("nowhere/*",), ()),
        ((), ()),
    ],
)  # fmt: skip
def test_folders_that_are_only_watched(patterns: tuple[str, ...], folders: tuple[str, ...]) -> None:
    """Only those that hold manifests; a service's own folder is its."""
    environment = Environment("staging", ("staging/a{service}",), "config", cluster="east", watch=patterns)
    found = targets.watched(Catalog({}, {"staging": environment}), lambda _: WATCHED)
    assert found == tuple(
        Target(folder, "staging", "config", (folder,), cluster="east", watched=True) for folder in folders
    )
