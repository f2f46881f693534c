"""The keys of `quarterdeck.yaml`, as written. Their descriptions are the published JSON Schema's documentation.

A key that is designed but not enforced yet stands under `LATER`: it is refused, never ignored, since whoever writes
`approvals: 2` relies on it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.config.formats import (
    AuthorName,
    Branch,
    Channel,
    CronLine,
    Email,
    Endpoint,
    FilePath,
    Flag,
    FolderGlob,
    ImageGlob,
    Jitter,
    JobName,
    Label,
    Listed,
    Login,
    Mapped,
    Name,
    Period,
    PersonId,
    PinPath,
    Pointer,
    ProbeUrl,
    RepositoryUrl,
    Reviewer,
    Source,
    Template,
    Text,
    VersionForm,
    Zone,
)
from bot.model.change import Author
from bot.model.schedule import period


class Keys(BaseModel):
    """A mapping in the file. Unknown keys are errors; nothing at all is an empty mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    LATER: ClassVar[Mapping[str, str]] = {}
    """By key, or `key: value`: what would not happen."""

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {} if value == "" else value


class RepositoryKeys(Keys):
    """A config repository."""

    url: RepositoryUrl
    """https, ssh (also `git@host:path`), or a local path, from the config file's folder. Never with credentials."""
    branch: Branch = "main"
    """The branch that clusters follow."""
    ssh_key_file: Text | None = None
    """The deploy key for ssh, from the config file's folder; without it, ssh's own keys."""
    ssh_known_hosts_file: Text | None = None
    """The host keys that ssh trusts, from the config file's folder; without it, ssh's own known_hosts."""


class ProbeKeys(Keys):
    """One look that verifies a version: a page (`url`), a Prometheus query, or a Job of the service.

    `{service}`, `{environment}` and `{version}` stand for what they name.
    """

    url: ProbeUrl | None = None
    """A page that must answer, over http or https."""
    status: int = Field(default=200, ge=100, le=599)
    """The status it must answer with."""
    contains: Text | None = None
    """Text that its answer must hold."""
    prometheus: Endpoint | None = None
    """The address of a Prometheus, such as `http://prometheus.monitoring:9090`."""
    query: Text | None = None
    """A query of it, of which every value must be between the bounds."""
    above: float | None = Field(default=None, allow_inf_nan=False)
    """What every value must be greater than."""
    below: float | None = Field(default=None, allow_inf_nan=False)
    """What every value must be less than."""
    job: JobName | None = None
    """The name of a Job that must have completed since the version was there. It is read, never made."""

    @model_validator(mode="after")
    def _one_kind(self) -> "ProbeKeys":
        if sum(each is not None for each in (self.url, self.query, self.job)) != 1:
            raise ValueError("needs exactly one of url, query and job")
        if (self.query is None) != (self.prometheus is None):
            raise ValueError("needs prometheus and query together")
        if self.query is not None and self.above is None and self.below is None:
            raise ValueError("has a query without a bound; add above or below")
        given = self.model_fields_set
        owners = {"status": "url", "contains": "url", "above": "query", "below": "query"}
        for key, owner in owners.items():
            if key in given and owner not in given:
                raise ValueError(f"has {key}, which is for a {owner}")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError("has bounds between which no value is; above must be less than below")
        return self


class EnvironmentKeys(Keys):
    """One step in the order of promotion."""

    LATER = {
        "approvals": "nobody would count them; protect the branch at the forge instead",
        "freeze": "promotions would go on meanwhile",
    }

    path: Listed[Template] = Field(min_length=1)
    """Where the services' folders are, from the repository's root; `{service}` stands for the name. One or a list."""
    repository: Name | None = None
    """Which of `repositories`; needed only where there are several."""
    cluster: Text | None = None
    """A context of the kubeconfig, or `in-cluster`. Without it, status and drift are unknown here."""
    engine: Literal["argocd", "flux", "none"] | None = None
    """What deploys it: found by looking, unless it is said here; with `none`, no engine is looked for."""
    watch: Listed[FolderGlob] = []
    """Folders that are no service, from the repository's root, `*` for any part of a name: compared with the cluster,
    never promoted."""
    aliases: Listed[Name] = []
    """Other words for it in commands."""
    change: Literal["push", "pull-request"] = "pull-request"
    """How a change reaches the branch: as a commit, or by a pull request that someone merges."""
    release: Literal["together", "apart"] = "together"
    """Whether several services promoted by one command share a pull request, or get one each."""
    channel: Channel | None = None
    """Where services that do badly are told, and drift if `drift.channel` isn't set."""
    reviewers: Listed[Reviewer] = []
    """Who is asked to review its pull requests: `ana` or a team, `acme/sre`. Never whoever asked for it."""
    labels: Listed[Label] = []
    """Labels of its pull requests, besides `quarterdeck` and `env/<environment>`."""
    assign: Flag = False
    """Whether a pull request is assigned to whoever asked for it, if their GitHub login is known."""
    draft: Flag = False
    """Whether its pull requests are opened as drafts, which nobody can merge before someone says they are ready."""
    merge: Literal["by-hand", "when-ready"] = "by-hand"
    """`when-ready`: the forge merges as soon as the branch's rules allow, by auto-merge or the merge queue."""
    after: Name | None = None
    """The environment in which a version must be healthy before it may be promoted to this one."""
    soak: Jitter = "0s"
    """How long it must have been healthy there."""
    healthy_for: Jitter = "30s"
    """How long a version must be healthy without a break before it counts as healthy."""
    timeout: Period = "30m"
    """How long after the merge that may take at most."""
    verify: Listed[ProbeKeys] = []
    """What else must be so before a version counts as healthy."""
    on_failure: Literal["offer", "rollback", "nothing"] = "offer"
    """If a version fails: `offer` a rollback by a button, `rollback` by itself where that is safe, or do `nothing`."""
    deployments: Flag | None = None
    """Whether the forge is told how far promotions are, as deployments and commit statuses; else as `deployments` at
    the top says."""

    @model_validator(mode="after")
    def _possible(self) -> "EnvironmentKeys":
        if self.soak != "0s" and self.after is None:
            raise ValueError("has soak without after; name the environment in which versions soak")
        if period(self.healthy_for) >= period(self.timeout):
            raise ValueError("has a healthy_for that is not shorter than its timeout, so no version could make it")
        if self.cluster is None and (self.verify or self.on_failure == "rollback"):
            raise ValueError("has no cluster, so no version could be verified or seen to fail there; name one")
        if self.merge == "when-ready" and self.draft:
            raise ValueError("has draft: true and merge: when-ready, but a draft is never ready; keep one")
        return self


class PinKeys(Keys):
    """Where a version stands."""

    file: FilePath | None = None
    """The file, from the service's folder; needed unless the environment's `path` names a file."""
    path: PinPath
    """The place in it: `image.tag`, `images[0].tag`; a tag, a digest, a whole reference, or a mapping of them."""
    document: int | None = Field(default=None, ge=0)
    """Which YAML document of the file, counted from 0; the first that has the path without it."""


class ServiceKeys(Keys):
    """What looking at the repository can't find out about a service."""

    image: ImageGlob | None = None
    """The image whose version is the service's, where its manifests hold several."""
    namespace: Name | None = None
    """The namespace of objects that name none."""
    aliases: Listed[Name] = []
    """Other words for it in commands."""
    repository: Name | None = None
    """Which of `repositories` holds it, if it isn't the environment's."""
    source: Source | None = None
    """The repository it is built from, `owner/name` at the same forge: pull requests tell what is new in a version."""
    pins: Listed[PinKeys] = []
    """The exact places of its version, where looking finds none or the wrong one."""


class ImageKeys(Keys):
    """What may be promoted."""

    allow: Listed[ImageGlob] = []
    """Images that may be promoted, `*` for anything; empty allows all."""
    version: VersionForm | None = None
    """`semver`, or a regular expression that the whole tag must match; any legal tag or digest without it."""


class IgnoreKeys(Keys):
    """A difference not worth telling. At least one of `kind`, `name`, `path` and `manager` narrows it."""

    kind: Text | None = None
    """Such as `Deployment`."""
    name: Text | None = None
    """The object's name."""
    path: Pointer | None = None
    """A JSON pointer, matched from its start: `/spec/replicas`."""
    manager: Text | None = None
    """The client that wrote the field last, as `managedFields` names it: `vpa-updater`."""
    service: Name | None = None
    """The service that it is for; all without it."""
    environment: Name | None = Field(default=None, alias="in")
    """The environment that it is for; all without it."""
    why: Text
    """The reason, for whoever reads this next year."""

    @model_validator(mode="after")
    def _narrow(self) -> "IgnoreKeys":
        if not (self.kind or self.name or self.path or self.manager):
            raise ValueError("would ignore everything; say which kind, name, path or manager")
        return self


class DriftKeys(Keys):
    """Scheduled comparisons of Git with the clusters."""

    every: Period | None = None
    """How long from one check of an environment to the next; 5m if there is no `cron`."""
    cron: CronLine | None = None
    """Instead of `every`: minute, hour, day, month and weekday, as in crontab(5)."""
    zone: Zone = "UTC"
    """The time zone of `cron`."""
    jitter: Jitter = "10s"
    """Checks begin up to this much later, so that environments don't all start at once."""
    channel: Channel | None = None
    """Where reports go; else to the environment's own channel. With neither, there are no scheduled checks."""
    heal: Literal["offer", "sync", "nothing"] = "offer"
    """`offer`: a report has buttons that heal what it tells; `sync`: the engine is asked to at once; or `nothing`."""
    confirm: Flag = False
    """Whether suspects are confirmed by the API server's dry run, which needs the right to patch; see deploy/rbac."""
    secrets: Literal["compare", "skip"] = "compare"
    """`skip`: Secrets are never read. Their values are never shown either way."""
    ignore: Listed[IgnoreKeys] = []
    """Differences that are never told."""

    @model_validator(mode="after")
    def _one_schedule(self) -> "DriftKeys":
        if self.every and self.cron:
            raise ValueError("has both every and cron; keep one")
        return self


class PersonKeys(Keys):
    """Someone who may do more than read."""

    github: Login | None = None
    """The GitHub login: `say --as` takes it."""
    email: Email | None = None
    """The address under which their forge knows them: commits they ask for name them as co-author."""
    roles: Listed[Name] = []
    """Names of `roles`."""


class RoleKeys(Keys):
    """What its holders may do."""

    may: Listed[Text] = Field(min_length=1)
    """Verbs, such as `promote`, and `override` for `promote … anyway`; `*` for all."""
    environments: Listed[Text] = Field(alias="in", min_length=1)
    """Environments where they may; `*` for all."""


class AuthorKeys(Keys):
    """Whom the bot's commits name as their author."""

    name: AuthorName = Author().name
    """The author's name."""
    email: Email = Author().email
    """The author's address."""
    sign: Literal["ssh", "gpg", "github"] | None = None
    """Sign every commit: with the key in QUARTERDECK_SIGNING_KEY, or have GitHub make and sign it. Else unsigned."""


class SlackKeys(Keys):
    """How messages look."""

    steps: Literal["lines", "plan"] = "lines"
    """How the steps of a promotion are shown: by lines of text, or by Slack's newer plan block where it is taken."""


class FileKeys(Keys):
    """The config of Quarterdeck."""

    repositories: Mapped[Name, RepositoryKeys] = Field(min_length=1)
    """Config repositories by name."""
    environments: Mapped[Name, EnvironmentKeys] = Field(min_length=1)
    """Environments by name, in order of promotion."""
    services: Mapped[Name, ServiceKeys] = {}
    """Services by name: only what looking can't find out."""
    images: ImageKeys = ImageKeys()
    drift: DriftKeys = DriftKeys()
    deployments: Flag = False
    """Whether the forge is told how far promotions are, as deployments and commit statuses of every environment."""
    slack: SlackKeys = SlackKeys()
    people: Mapped[PersonId, PersonKeys] = {}
    """People by Slack user id. With none, `say` acts with the Git token's authority."""
    roles: Mapped[Name, RoleKeys] = {}
    """Roles by name."""
    author: AuthorKeys = AuthorKeys()
