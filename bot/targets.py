"""Which services there are, in which environments, and what the config adds to what the trees show."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bot import pins
from bot.manifests import layout
from bot.model.catalog import Catalog, Environment, Service, Target
from bot.model.change import Edit
from bot.ports import Tree
from bot.preview import Preview

Services = Callable[[str, Environment], Mapping[str, tuple[str, ...]]]
"""The services of an environment that a repository holds, by name, each with its folders."""


def find(catalog: Catalog, head: Callable[[str], Tree]) -> tuple[Target, ...]:
    """Every target of a catalog, in order of promotion, then by name; `head` gives a repository's tree."""
    return listed(catalog, lambda repository, environment: layout.services(head(repository), environment))


def listed(catalog: Catalog, services: Services) -> tuple[Target, ...]:
    """The same, from services that were found already."""
    return tuple(
        target for environment in catalog.environments.values() for target in _within(catalog, environment, services)
    )


def watched(catalog: Catalog, head: Callable[[str], Tree]) -> tuple[Target, ...]:
    """The folders that are no service and are compared with the clusters all the same, in order of promotion."""
    found = []
    for environment in catalog.environments.values():
        if environment.watch:
            tree = head(environment.repository)
            own = {folder for folders in layout.services(tree, environment).values() for folder in folders}
            found += [
                Target(folder, environment.name, environment.repository, (folder,), environment.cluster, watched=True)
                for folder in layout.watched(tree, environment.watch)
                if folder not in own
            ]
    return tuple(found)


def moved(tree: Tree, edits: Sequence[Edit], among: Iterable[Target]) -> tuple[Target, ...]:
    """Those of some targets whose version the edits change, whether by their own files or by shared ones."""
    after = Preview(tree, edits)
    return tuple(target for target in among if pins.told(tree, target) != pins.told(after, target))


def _within(catalog: Catalog, environment: Environment, services: Services) -> Iterator[Target]:
    own = {service.repository for service in catalog.services.values() if service.repository}
    found = {}
    for repository in {environment.repository, *own}:
        for name, folders in services(repository, environment).items():
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
                    pins=service.pins,
                )
    return (found[name] for name in sorted(found))
