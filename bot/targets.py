"""Which services there are, in which environments, and what the config adds to what the trees show."""

from collections.abc import Callable, Iterator

from bot.manifests import layout
from bot.model.catalog import Catalog, Environment, Service, Target
from bot.ports import Tree


def find(catalog: Catalog, head: Callable[[str], Tree]) -> tuple[Target, ...]:
    """Every target of a catalog, in order of promotion, then by name; `head` gives a repository's tree."""
    return tuple(
        target for environment in catalog.environments.values() for target in _within(catalog, environment, head)
    )


def _within(catalog: Catalog, environment: Environment, head: Callable[[str], Tree]) -> Iterator[Target]:
    own = {service.repository for service in catalog.services.values() if service.repository}
    found = {}
    for repository in {environment.repository, *own}:
        for name, folders in layout.services(head(repository), environment).items():
            service = catalog.services.get(name, Service(name))
            if repository == (service.repository or environment.repository):
                found[name] = Target(
                    name,
                    environment.name,
                    repository,
                    folders,
                    cluster=environment.cluster,
                    namespace=service.namespace,
                    image=service.image,
                )
    return (found[name] for name in sorted(found))
