"""A Slack, a GitHub and two clusters on one port of this machine, and the bot among them as a process of its own.

Nothing of the bot knows that this is a playground: it gets a config file and endpoints, as anywhere.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from bot.errors import Refusal
from bot.model.secret import Secret
from bot.playground import kubernetes, past, server, source
from bot.playground.github import GitHub
from bot.playground.github.webhooks import Webhooks
from bot.playground.guard import Guard
from bot.playground.kubernetes import Agent, Cluster, envtest, kubeconfig
from bot.playground.kubernetes.envtest import ApiServer
from bot.playground.kubernetes.kinds import ENGINES, KINDS, Served
from bot.playground.kubernetes.remote import RemoteCluster
from bot.playground.slack import Workspace

HERE = Path(__file__).parent
SAMPLE = HERE / "sample"
REPOSITORY = "acme/gitops"
ENVIRONMENTS = ("staging", "production")
BOTH_ENGINES = {"staging": "flux", "production": "argocd"}
"""What deploys each, as the playground is shown."""

CONFIG = """\
repositories:
  config: {{url: {url}, branch: main}}
environments:
  staging:
    path: environments/staging/{{service}}
    cluster: staging
    change: push
  production:
    aliases: [prod]
    path: environments/production/{{service}}
    cluster: production
    reviewers: [ben]
    assign: true
    channel: "#deploys"
services:
  payment: {{source: {source}}}
images:
  allow: ["registry.example.com/*"]
  version: semver
drift:
  every: {every}
  channel: "#drift"
people:
  {ana}: {{github: ana, roles: [deployer]}}
  {ben}: {{github: ben, roles: [approver]}}
roles:
  deployer: {{may: [promote, rollback], in: ["*"]}}
  approver: {{may: ["*"], in: ["*"]}}
"""


WATCHED = {
    "  staging:\n": "    healthy_for: 0s\n    on_failure: rollback\n",
    "  production:\n": "    after: staging\n    healthy_for: 5s\n",
    "[promote, rollback": ", cancel",
}
"""What follows where in the config while somebody watches: brisk, and each environment with a policy to look at."""
CHECKS = {"render": timedelta(seconds=4), "policy": timedelta(seconds=8)}
"""What runs on each pull request while somebody watches, and how long."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Playground:
    """Everything but the bot. Its state is in `folder`; a listening socket is taken at once, served in `running`.

    `paced` holds the bot to Slack's pace; `lived_in` gives the sample repository a past. `servers` are API servers by
    environment; stand-ins take the place of those that are not there. `engines` names the engine that deploys an
    environment, where that is not Flux.
    """

    def __init__(  # noqa: PLR0913 - all but one by name, each with what tests want
        self,
        folder: Path,
        *,
        port: int = 0,
        now: Callable[[], datetime] = utc_now,
        paced: bool = False,
        lived_in: bool = False,
        every: str = "20s",
        servers: Mapping[str, ApiServer] | None = None,
        engines: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._listener = server.bind(port)
        self.url = server.base_url(self._listener)
        self.token = secrets.token_urlsafe(24)
        self.workspace = Workspace(now=now, address=self.url, paced=paced)
        self.github = GitHub(folder / "github", now=now, public_url=f"{self.url}/github", teams=["sre"])
        self.bot = self.github.add_person("quarterdeck-bot", "Quarterdeck", bot=True)
        for login, name in (("ana", "Ana Ulm"), ("ben", "Ben Urban")):
            self.github.add_person(login, name)
        files = {
            str(path.relative_to(SAMPLE)): path.read_bytes() for path in sorted(SAMPLE.rglob("*")) if path.is_file()
        }
        self.repository = self.github.create_repository(
            REPOSITORY,
            past.before(files) if lived_in else files,
            message="Describe the shop's services",
            at=now() - past.BEGAN if lived_in else None,
        )
        if lived_in:
            past.happen(self.repository, files, self.github.people, now)
        source.write(self.github)
        deployed_by = {name: (engines or {}).get(name, "flux") for name in ENVIRONMENTS}
        self.clusters: dict[str, Cluster | RemoteCluster] = {
            name: RemoteCluster(name, servers[name], now)
            if servers and name in servers
            else Cluster(name, now=now, served=Served((*KINDS, *ENGINES[deployed_by[name]])))
            for name in ENVIRONMENTS
        }
        url = self.github.clone_url(REPOSITORY)
        self.agents = {
            name: Agent(cluster, self.repository.bare.path, f"environments/{name}", url=url, engine=deployed_by[name])
            for name, cluster in self.clusters.items()
        }
        self._cluster_token = secrets.token_urlsafe(24)
        self.kubeconfig = folder / "kubeconfig"
        stood_in = f"{self.url}/clusters/{self._cluster_token}"
        kubeconfig.write(
            self.kubeconfig,
            {
                name: f"{stood_in}/{name}" if isinstance(each, Cluster) else each.address
                for name, each in self.clusters.items()
            },
        )
        self.config = folder / "quarterdeck.yaml"
        ana, ben = self.workspace.people
        self.config.write_text(
            CONFIG.format(url=url, source=source.NAME, ana=ana.id, ben=ben.id, every=every), encoding="utf-8"
        )

    @property
    def address(self) -> str:
        """Where a person enters: the token in it is the key."""
        return f"{self.url}/?token={self.token}"

    @property
    def environment(self) -> dict[str, str]:
        """What points the bot here: its endpoints and secrets."""
        installation = self.workspace.installation
        return {
            "SLACK_API_URL": self.workspace.api_url,
            "SLACK_BOT_TOKEN": installation.bot_token.reveal(),
            "SLACK_APP_TOKEN": installation.app_token.reveal(),
            "GITHUB_API_URL": self.github.api_url,
            "GITHUB_TOKEN": self.bot.token.reveal(),
            "KUBECONFIG": str(self.kubeconfig),
            "QUARTERDECK_DATA": str(self.folder / "data"),
            "QUARTERDECK_LISTEN": "127.0.0.1:0",
        }

    @property
    def _stand_ins(self) -> list[Cluster]:
        return [each for each in self.clusters.values() if isinstance(each, Cluster)]

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve for as long as the block runs."""
        app = Starlette(
            routes=[
                Mount("/static", StaticFiles(directory=HERE / "static")),
                Mount("/github", routes=self.github.routes()),
                *kubernetes.mount(self._cluster_token, *self._stand_ins),
                *kubernetes.pages(self.agents, self.kubeconfig),
                *self.workspace.routes(),
            ]
        )
        programs = (
            "/static/",
            "/slack/api/",
            "/slack/socket",
            "/slack/respond/",
            "/slack/upload/",  # each for one file, by a key that nobody can guess
            "/github/api/",
            f"/github/{REPOSITORY}.git/",
            f"/clusters/{self._cluster_token}/",
        )
        guarded = Guard(app, token=self.token, host=self.url.removeprefix("http://"), programs=programs)
        with server.serve(guarded, listener=self._listener) as url:
            try:
                yield url
            finally:
                self.workspace.close()
                for cluster in self.clusters.values():
                    if isinstance(cluster, RemoteCluster):
                        cluster.close()


def assets(environment: Mapping[str, str]) -> Path:
    """The folder of a real API server's programs. Refusal, with how to get them, where there is none."""
    folder = Path(environment.get("KUBEBUILDER_ASSETS") or "-")
    if not envtest.are_in(folder):
        raise Refusal(envtest.GET_ASSETS)
    return folder


def run(port: int, *, open_browser: bool, assets: Path | None = None) -> int:
    """The playground until Ctrl-C, with the bot beside it. 0 when it was asked to stop; 2 if the port is taken.

    `assets` holds the programs of a real API server, of which each cluster gets one.
    """
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="quarterdeck-playground-") as name, ExitStack() as open_until_the_end:
        folder = Path(name)
        try:
            servers = open_until_the_end.enter_context(_servers(assets, folder)) if assets else {}
        except (OSError, RuntimeError) as error:
            print(f"No API server could be started from {assets}: {error}", file=sys.stderr)
            return 2
        try:
            playground = Playground(folder, port=port, paced=True, lived_in=True, servers=servers, engines=BOTH_ENGINES)
        except OSError as error:
            print(f"Port {port} is taken ({error.strerror}); try: quarterdeck playground --port 0", file=sys.stderr)
            return 2
        playground.repository.settings.checks = CHECKS
        config = playground.config.read_text(encoding="utf-8")
        for before, more in WATCHED.items():
            config = config.replace(before, before + more)
        playground.config.write_text(f"{config}deployments: true\n", encoding="utf-8")
        with playground.running(), _agents(playground), _bot(playground) as bot:
            print(f"The playground is at {playground.address}")
            print("In #deploys, type: @Quarterdeck promote payment v1.3.0 to prod")
            print(f"kubectl --kubeconfig {playground.kubeconfig} --context production get deployments -n shop")
            print("Ctrl-C stops it; nothing stays behind.", flush=True)
            if open_browser:
                webbrowser.open(playground.address)
            while not stop.wait(0.5):
                if bot.poll() is not None:
                    print(f"The bot ended with status {bot.returncode}; see above.", file=sys.stderr)
                    return 2
    return 0


@contextmanager
def _servers(assets: Path, folder: Path) -> Iterator[Mapping[str, ApiServer]]:
    """An API server for each environment, started side by side."""

    def start(name: str) -> ApiServer:
        place = folder / "servers" / name
        place.mkdir(parents=True)
        return envtest.start(assets, place)

    started: list[ApiServer] = []
    with ThreadPoolExecutor() as pool:
        starting = {name: pool.submit(start, name) for name in ENVIRONMENTS}
        try:
            for each in starting.values():
                with suppress(Exception):  # told below, when the others are sure to be stopped
                    started.append(each.result())
            yield {name: each.result() for name, each in starting.items()}
        finally:
            list(pool.map(ApiServer.stop, started))


@contextmanager
def _agents(playground: Playground) -> Iterator[None]:
    """What Git says has run for days: the bot is to find no rollout under way."""
    for agent in playground.agents.values():
        agent.sync()
        agent.cluster.settle()
        agent.start()
    try:
        yield
    finally:
        for agent in playground.agents.values():
            agent.stop()


@contextmanager
def _bot(playground: Playground) -> Iterator[subprocess.Popen[bytes]]:
    """`quarterdeck serve` in a process group of its own, so that Ctrl-C reaches it through us, once.

    Its GitHub knows where it will listen, and sends webhooks there.
    """
    with server.bind() as free:
        listen = free.getsockname()[1]
    secret = Secret(secrets.token_urlsafe(24))
    more = {"QUARTERDECK_LISTEN": f"{server.HOST}:{listen}", "GITHUB_WEBHOOK_SECRET": secret.reveal()}
    webhooks = Webhooks(playground.github, f"http://{server.HOST}:{listen}/github/events", secret)
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "bot", "serve", "--config", str(playground.config)],
        env=os.environ | playground.environment | more,
        start_new_session=True,
    )
    try:
        with webhooks.running():
            yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
