"""Which engine's object deploys a target: found by repository, folder and destination, as the objects tell them.

An object that is taken for another's is worse than none: what is ambiguous is not found. Knows no engine.
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from bot.model.catalog import Repository, Target
from bot.model.sync import Deployed

Place = tuple[str, str]
"""A repository, by `repository_key`, and a folder of it."""
_FILES = frozenset((".yaml", ".yml", ".json"))
_PORTS = frozenset(("", "443", "22", "7999"))
"""Those of https and ssh, and Bitbucket's of ssh: none tells one forge from another."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That an engine's object deploys a folder of a repository."""

    deployed: Deployed
    place: Place
    branch: str = ""
    """The branch it follows; "" if it follows none, or the repository's own. One that follows another than the config
    says deploys something else."""
    below: bool = False
    """Whether it deploys the folders below as well, unless a nearer claim does."""
    beside: frozenset[Place] = frozenset()
    """What else it deploys."""
    release: str = ""
    """How it calls the Helm release that it makes of a chart; a render calls it like the service."""
    server: str = ""
    """The API server that it deploys to. With `cluster` empty as well, the one that it is in itself."""
    cluster: str = ""


class Claims:
    """All claims that were found. `servers` are the API servers of the clusters that targets name."""

    def __init__(self, claims: Iterable[Claim], repositories: Mapping[str, Repository], servers: Mapping[str, str]):
        self._repositories = repositories
        self._servers = {cluster: _server(address) for cluster, address in servers.items()}
        self._at: dict[Place, list[Claim]] = defaultdict(list)
        for claim in claims:
            self._at[claim.place].append(claim)

    def deployed(self, target: Target, engine: str | None = None) -> Deployed | None:
        """What deploys a target, of one engine if that is said; None if nothing does, or it can't be told which."""
        claims = self.claims(target, engine)
        if len({self._identity(claim) for claim in claims}) != 1:
            return None
        claim = claims[0]
        told = claim.deployed
        # A namespace that is set to the one it has anyway changes nothing.
        same = {"targetNamespace"} if told.namespace == target.namespace else set()
        rewrites = tuple(each for each in told.rewrites if each not in same)
        if claim.release not in {"", target.service}:
            rewrites = (*rewrites, "releaseName")
        places = {(claim.place[0], folder_key(folder)) for folder in target.folders}
        alone = claim.place in places and claim.beside <= places
        return replace(told, alone=alone, rewrites=rewrites)

    def claims(self, target: Target, engine: str | None = None) -> list[Claim]:
        """The best claims on a target: where they are of several objects, it can't be told which deploys it."""
        repository = self._repositories.get(target.repository)
        if repository is None or not self._at:
            return []
        places = {(repository_key(repository.url), folder_key(folder)) for folder in target.folders}
        return [each for place in sorted(places) for each in self._nearest(place, target, repository.branch, engine)]

    def _nearest(self, place: Place, target: Target, branch: str, engine: str | None) -> list[Claim]:
        """The best claims on a folder, else on the nearest one above that reaches down to it."""
        for folder, reaches in _upwards(place[1]):
            there = self._at.get((place[0], folder))
            if not there:
                continue
            claims = [
                claim
                for claim in there
                if (reaches or claim.below)
                and claim.branch in {"", branch}
                and self._leads_to(claim, target)
                and engine in {None, claim.deployed.engine}
            ]
            for fits in self._preferences(target, branch):
                claims = [claim for claim in claims if fits(claim)] or claims
            if claims:
                return claims
        return []

    @staticmethod
    def _preferences(target: Target, branch: str) -> tuple[Callable[[Claim], bool], ...]:
        """What makes one claim better than another, the most telling first."""
        return (
            lambda claim: claim.deployed.namespace == (target.namespace or ""),
            lambda claim: claim.branch == branch,
            lambda claim: claim.deployed.cluster == target.cluster,
        )

    def _leads_to(self, claim: Claim, target: Target) -> bool:
        cluster = target.cluster or ""
        if claim.cluster:
            return claim.cluster == cluster
        server = _server(claim.server) if claim.server else self._servers.get(claim.deployed.cluster, "")
        return bool(server) and server == self._servers.get(cluster)

    def _identity(self, claim: Claim) -> object:
        """One object, whichever contexts of a kubeconfig lead to it."""
        return self._servers.get(claim.deployed.cluster, claim.deployed.cluster), claim.deployed.object


def repository_key(url: str) -> str:
    """The same for all addresses of a repository: by https, by ssh in either spelling, with `.git` or without."""
    text = url.strip().removesuffix("/").removesuffix(".git")
    if "://" not in text:
        host, colon, path = text.partition("@")[2].partition(":")
        return _hosted(host, path) if host and colon else text
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    return _hosted(host, parts.path) if parts.scheme != "file" else parts.path


def folder_key(path: str) -> str:
    """A folder without `./` and slashes around it; "" is the root."""
    return posixpath.normpath(f"/{path}").strip("/")


def _hosted(host: str, path: str) -> str:
    """Azure DevOps and Bitbucket have other paths by ssh; big forges have other hosts for ssh through port 443."""
    name, colon, port = host.lower().partition(":")
    path = path.strip("/").lower().removeprefix("v3/").removeprefix("scm/").replace("/_git/", "/")
    name = name.removeprefix("ssh.").removeprefix("altssh.")
    return f"{name}/{path}" if port in _PORTS else f"{name}{colon}{port}/{path}"


def _server(address: str) -> str:
    """An API server's address in one spelling; "" for what is none."""
    try:
        parts = urlsplit(address.lower())
        return f"{parts.hostname}:{parts.port or 443}{parts.path.rstrip('/')}" if parts.hostname else ""
    except ValueError:
        return ""


def _upwards(folder: str) -> Iterator[tuple[str, bool]]:
    """A folder and those above it, each with whether all that is claimed there reaches it; never the root for all.

    A file belongs to its folder.
    """
    yield folder, True
    path = PurePosixPath(folder)
    for parent in path.parents:
        if str(parent) != ".":
            yield str(parent), parent == path.parent and path.suffix in _FILES
