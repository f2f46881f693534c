"""What exists: repositories, environments, services, and where in a file a service's version stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from bot.model.verification import Verification


class Delivery(StrEnum):
    """How a change reaches an environment's branch."""

    PUSH = "push"
    PULL_REQUEST = "pull-request"


class Merge(StrEnum):
    """Who merges a pull request."""

    BY_HAND = "by-hand"
    WHEN_READY = "when-ready"
    """The forge, as soon as the rules of the branch allow."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A config repository: where it is and the branch that clusters follow."""

    name: str
    url: str
    branch: str = "main"
    ssh_key_file: Path | None = None
    ssh_known_hosts_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """One step in the order of promotion. `paths` are templates holding `{service}`."""

    name: str
    paths: tuple[str, ...]
    repository: str
    cluster: str | None = None
    aliases: tuple[str, ...] = ()
    delivery: Delivery = Delivery.PULL_REQUEST
    channel: str | None = None
    reviewers: tuple[str, ...] = ()
    apart: bool = False
    """Whether several services promoted by one command get a pull request each."""
    labels: tuple[str, ...] = ()
    """Labels of its pull requests, besides ours."""
    assign: bool = False
    """Whether a pull request is assigned to whoever asked for it."""
    draft: bool = False
    merge: Merge = Merge.BY_HAND
    after: str | None = None
    """The environment in which a version must be healthy first."""
    soak: timedelta = timedelta()
    """How long it must have been healthy there."""
    verification: Verification = field(default_factory=Verification)
    engine: str | None = None
    """What deploys it, `argocd` or `flux`, or `none` where no engine is to be looked for; None: whichever is found."""
    deployments: bool = False
    """Whether the forge is told how far its promotions are."""
    watch: tuple[str, ...] = ()
    """Globs of folders that are no service: compared with the cluster, never promoted."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the config says that a service's version stands: a file, from the target's folder, and a path in it such as
    `images[0].tag`. Without a file it is the one that the environment's path names."""

    path: str
    file: str | None = None
    document: int | None = None
    """Which YAML document, counted from 0; None for the first that has the path."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the config says about a service beyond what looking finds."""

    name: str
    aliases: tuple[str, ...] = ()
    image: str | None = None
    namespace: str | None = None
    repository: str | None = None
    pins: tuple[Place, ...] = ()
    source: str | None = None
    """`owner/name` of the repository it is built from."""


@dataclass(frozen=True, slots=True)
class Target:
    """One service in one environment: the folders of a repository that declare it there. One may be a single file.

    What is only watched has its folder as its name, and no version.
    """

    service: str
    environment: str
    repository: str
    folders: tuple[str, ...]
    cluster: str | None = None
    namespace: str | None = None
    image: str | None = None
    pins: tuple[Place, ...] = ()
    watched: bool = False

    def __str__(self) -> str:
        return f"{self.service} in {self.environment}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a commit says of a target's version: None where its folders are not there, or `why` says what is amiss."""

    version: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference taken apart: `name` is registry and repository, as written."""

    name: str
    tag: str | None = None
    digest: str | None = None

    @property
    def version(self) -> str | None:
        """`v1.3.0`, `sha256:…`, or `v1.3.0@sha256:…`: there the runtime pulls by the digest, and the tag tells people
        which version that is."""
        return "@".join(part for part in (self.tag, self.digest) if part) or None

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True, slots=True)
class Pin:
    """The scalar in a file that holds (part of) an image reference.

    `path` leads through the YAML document number `document`; `line` counts from 1 and is for people.
    `image` is the reference that the whole place (a container, an `images:` entry) amounts to; its name is empty where
    the place holds a version alone.
    """

    file: str
    format: str
    document: int
    path: tuple[str | int, ...]
    line: int
    image: Image
    renames: str | None = None
    """The name in the objects that a Kustomize entry gives another name to."""
    object: str = ""
    """`Deployment payment`, where the pin is in an object."""
    namespace: str | None = None
    """The one that this object names."""
    within: tuple[tuple[int, tuple[str | int, ...]], ...] = ()
    """Document and path of the scalar, in the file, whose text is the YAML that the pin stands in, outermost first:
    a Kustomize patch or Helm values written into another manifest."""
    key: str = ""
    """What Helm calls the place of an image in values, such as `payment.image`; empty elsewhere."""
    overrules: tuple[str, ...] = ()
    """The places, as file:line, that set the same value and have no say, since this one decides."""
    labels: tuple[str, ...] = ()
    """What stands beside a version to say whose it is: the other values of an ApplicationSet's element."""


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """Which images may be named (globs on the image's name; empty allows all) and what a version looks like."""

    allow: tuple[str, ...] = ()
    version: str | None = None
    """`semver`, a regular expression that the whole tag must match, or None for any legal tag or digest."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the config names. Environments stand in order of promotion."""

    repositories: Mapping[str, Repository]
    environments: Mapping[str, Environment]
    services: Mapping[str, Service] = field(default_factory=dict)
    images: ImagePolicy = field(default_factory=ImagePolicy)
