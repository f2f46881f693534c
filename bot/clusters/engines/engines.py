"""The engines in the clusters: which of their objects deploys a target, what it says, and the request to sync.

Everything is read through the clusters' API servers, with list rights alone; where there is no engine, or we may not
see it, none is found. The request is the one write to a cluster that there is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Discovery, Resource
from bot.clusters.engines import applicationsets, argocd, argocd_status, flux, flux_status
from bot.clusters.engines.claims import Claim, Claims
from bot.clusters.engines.said import reference, within
from bot.clusters.pages import pages
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Repository, Target
from bot.model.sync import Deployed, Manifest, ObjectRef

SECONDS = 30.0
CLUSTERS_AT_ONCE = 8
PATIENCE = timedelta(hours=1)
"""How long an engine may be at work: while it is, nothing is judged, so one that never ends would hide everything."""
ROLE = "quarterdeck-sync"
"""The ClusterRole of deploy/rbac that lets us ask."""
NO_ENGINE = "none"
"""What the config says of an environment that no engine deploys."""
_FIELD_MANAGER = "quarterdeck"
_MERGE = "application/merge-patch+json"
_ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reach(Protocol):
    """How a cluster is reached; Trouble if it can't be."""

    def __call__(self, cluster: str, /) -> tuple[Connection, Discovery]: ...


class Engines:
    """Implements `bot.ports.Engines` and `bot.ports.EngineWrites`. Threads may share it.

    `repositories` are the config's, by name: an engine's object is known by their addresses. `hubs` are clusters to
    look in besides those of the targets: one Argo CD may deploy to many. `said` is which engine the config says deploys
    an environment; with `none`, nothing is looked for. `seconds` is what one look may take in all.
    """

    def __init__(
        self, reach: Reach, repositories: Mapping[str, Repository], *, hubs: Collection[str] = (),
        said: Mapping[str, str] | None = None, seconds: float = SECONDS,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:  # fmt: skip
        self._reach, self._repositories, self._seconds, self._clock = reach, repositories, seconds, clock
        self._hubs, self._said = frozenset(hubs), said or {}

    def deployed(self, targets: Sequence[Target]) -> Mapping[Target, Deployed]:
        """Which engine's object deploys each target, and what it says; those that none is found for are left out.

        Never raises: an engine that can't be read is not found.
        """
        asked = [each for each in targets if each.cluster and self._said.get(each.environment) != NO_ENGINE]
        wanted = {target.cluster for target in asked if target.cluster}
        clusters = sorted(wanted | self._hubs) if wanted else []
        budget = Budget(self._seconds)
        with ThreadPoolExecutor(CLUSTERS_AT_ONCE, "engines") as pool:
            found = list(pool.map(lambda cluster: self._look(cluster, budget), clusters))
            looks = [look for look, _ in found if look is not None]
            servers = {look.cluster: look.server for look in looks}
            claims = Claims((claim for _, each in found for claim in each), self._repositories, servers)
            told = {each: claims.deployed(each, self._said.get(each.environment)) for each in asked}
            lost = [each for each, known in told.items() if known is None and not claims.claims(each)]
            lost = [each for each in lost if self._said.get(each.environment) != "flux"]
            failed = [claim for each in pool.map(lambda look: look.unmade(lost), looks) for claim in each]
        unmade = Claims(failed, self._repositories, servers)
        told |= {each: unmade.deployed(each) for each in lost}
        return {target: deployed for target, deployed in told.items() if deployed is not None}

    def sync(self, deployed: Deployed) -> None:
        """Ask the engine, by its annotation, to bring the cluster to what Git says. Refusal where we may not, where the
        object is gone, or where asking would do nothing at all; asking twice does no harm."""
        try:
            connection, discovery = self._reach(deployed.cluster)
            _Request(connection, discovery, Budget(self._seconds)).send(deployed)
        except Trouble as trouble:
            raise Unavailable(f"{deployed.object} was not asked to sync: {trouble}") from trouble

    def _look(self, cluster: str, budget: Budget) -> "tuple[_Look | None, list[Claim]]":
        """A look at a cluster, and all claims of the engines' objects in it."""
        try:
            connection, discovery = self._reach(cluster)
        except Trouble:
            return None, []
        look = _Look(connection, discovery, budget, self._clock())
        return look, [*look.applications(), *look.flux()]


class _Look:
    """One look at the engines' objects of one cluster."""

    def __init__(self, connection: Connection, discovery: Discovery, budget: Budget, now: datetime) -> None:
        self._connection, self._discovery, self._budget, self._now = connection, discovery, budget, now
        self._known_sets: list[Manifest] | None = None
        self.cluster, self.server = connection.cluster, connection.server

    def unmade(self, lost: Sequence[Target]) -> list[Claim]:
        """What ApplicationSets that fail would deploy of targets that nothing deploys."""
        sets = self._sets() if lost else []
        return [
            claim
            for each in sets
            for claim in self._claims(lambda: applicationsets.claims(each, self.cluster, lost))  # noqa: B023 - called at once
        ]

    def _sets(self) -> list[Manifest]:
        if self._known_sets is None:
            self._known_sets = self._all(argocd.GROUP, argocd.SET)
        return self._known_sets

    def applications(self) -> Iterator[Claim]:
        found = self._all(argocd.GROUP, argocd.KIND)
        around = self._around(found)
        for each in found:
            claims = self._claims(lambda: argocd.claims(each, self._connection.cluster, around))  # noqa: B023 - called at once
            yield from (_unless_stuck(claim, argocd.begun(each), around.now) for claim in claims)

    def _around(self, applications: Sequence[Manifest]) -> argocd_status.Around:
        """Projects, for their sync windows, and ApplicationSets: each is one more list, where any is of interest."""
        projects = [] if all(map(argocd_status.is_settled, applications)) else self._all(argocd.GROUP, argocd.PROJECT)
        sets = self._sets() if any(map(argocd_status.owner, applications)) else []
        return argocd_status.Around(self._now, _by_name(projects), _by_name(sets))

    def flux(self) -> Iterator[Claim]:
        found = [*self._all(flux.KUSTOMIZATIONS, "Kustomization"), *self._all(flux.HELMRELEASES, "HelmRelease")]
        wanted = {kind for kind, _, _ in map(flux.source_of, found)}
        wanted |= {flux.CHART} if any(map(flux_status.chart_of, found)) else set()
        around = {}
        for kind in (*flux.SOURCE_KINDS, flux.CHART):
            for source in self._all(flux.SOURCES, kind) if kind in wanted else ():
                around[_key(source)] = source
        around |= {_key(each): each for each in found}
        for each in found:
            claims = self._claims(lambda: flux.claims(each, around, self._connection.cluster))  # noqa: B023 - as above
            yield from (_unless_stuck(claim, flux.begun(each), self._now) for claim in claims)

    @staticmethod
    def _claims(said: Callable[[], Iterator[Claim]]) -> list[Claim]:
        """What an object claims; nothing where it is not of the form that its definition gives it."""
        try:
            return list(said())
        except _ODD:
            return []

    def _all(self, group: str, kind: str) -> list[Manifest]:
        """The objects of a kind, at the newest version that is served; none where it isn't, or where we may not.

        Nor where the list breaks off: of some of the objects, the wrong one may look like the right one.
        """
        try:
            resource = served(self._discovery, group, kind, self._budget)
            if resource is None:
                return []
            return [
                {"apiVersion": resource.api_version, "kind": kind, **item}
                for page in pages(self._connection, resource, None, self._budget)
                for item in page.items
            ]
        except (Trouble, *_ODD):
            return []


class _Request:
    """A request to one engine's object."""

    def __init__(self, connection: Connection, discovery: Discovery, budget: Budget) -> None:
        self._connection, self._discovery, self._budget = connection, discovery, budget

    def send(self, deployed: Deployed) -> None:
        ref = deployed.object
        manifest = self._read(ref)
        if deployed.uid and within(manifest, "metadata").get("uid") != deployed.uid:
            raise Refusal(f"{ref} of {deployed.cluster} is another one by now; check again, and ask then")
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        if ref.kind == argocd.SET:
            raise Refusal(f"{ref} was not asked to sync: {deployed.held}")
        if deployed.engine == "argocd":
            why, in_vain = argocd.held(manifest)
            if in_vain:
                raise Refusal(f"{ref} was not asked to sync: {why}")
            self._annotate(ref, {argocd.REFRESH: "normal"})
            return
        if why := flux.held(manifest):
            raise Refusal(f"{ref} was not asked to sync: {why}")
        self._annotate_source(manifest, now)
        self._annotate(ref, flux.request(manifest, now))

    def _annotate_source(self, manifest: Manifest, now: str) -> None:
        """Have Flux look for new commits first. It does so by itself in time: no right to that is no reason to stop."""
        kind, namespace, name = flux.source_of(manifest)
        if kind not in flux.SOURCE_KINDS:
            return
        resource = served(self._discovery, flux.SOURCES, kind, self._budget)
        if resource is not None:
            body = {"metadata": {"annotations": {flux.REQUESTED: now}}}
            self._patch(resource, ObjectRef(resource.api_version, kind, namespace, name), body)

    def _annotate(self, ref: ObjectRef, annotations: Mapping[str, str]) -> None:
        cluster = self._connection.cluster
        status = self._patch(self._resource(ref), ref, {"metadata": {"annotations": annotations}})
        if status == 403:
            raise Refusal(f"{cluster} doesn't let us ask {ref} to sync (403); apply deploy/rbac/sync there ({ROLE})")
        if status == 404:
            raise Refusal(_gone(ref, cluster))
        if status not in {200, 201}:
            raise Trouble(f"{cluster} answered {status}", status)

    def _patch(self, resource: Resource, ref: ObjectRef, body: Mapping[str, object]) -> int:
        path = resource.path(ref.namespace, ref.name)
        answer = self._connection.patch(path, body, _MERGE, str(ref), self._budget, fieldManager=_FIELD_MANAGER)
        return answer.status

    def _read(self, ref: ObjectRef) -> Manifest:
        cluster = self._connection.cluster
        try:
            path = self._resource(ref).path(ref.namespace, ref.name)
            found = self._connection.get(path, str(ref), self._budget)
        except Trouble as trouble:
            if trouble.absent:
                raise Refusal(_gone(ref, cluster)) from trouble
            if trouble.status == 403:
                raise Refusal(f"{trouble}") from trouble
            raise
        return found

    def _resource(self, ref: ObjectRef) -> Resource:
        resource = self._discovery.resources(ref.api_version, {ref.kind}, self._budget).get(ref.kind)
        if resource is None:
            raise Trouble(f"{self._connection.cluster} doesn't serve {ref.kind} in the API {ref.api_version}")
        return resource


def _key(manifest: Manifest) -> tuple[str, str, str]:
    ref = reference(manifest)
    return ref.kind, ref.namespace, ref.name


def _by_name(manifests: Sequence[Manifest]) -> Mapping[tuple[str, str], Manifest]:
    return {_key(each)[1:]: each for each in manifests}


def _unless_stuck(claim: Claim, begun: datetime | None, now: datetime) -> Claim:
    """The claim; without what its engine is doing, if it has been at that for longer than anybody should wait."""
    told = claim.deployed
    if not told.busy or begun is None or abs(now - begun) < PATIENCE:
        return claim
    return replace(claim, deployed=replace(told, busy=""))


def served(discovery: Discovery, group: str, kind: str, budget: Budget) -> Resource | None:
    """A kind at the first version of its group that has it, in the server's order of preference; None if none has."""
    for version in discovery.versions(group, budget):
        resource = discovery.resources(version, set(), budget).get(kind)
        if resource is not None:
            return resource
    return None


def _gone(ref: ObjectRef, cluster: str) -> str:
    return f"{ref} is not on {cluster} any more; check again to see what deploys it now"
