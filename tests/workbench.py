"""The whole bot without any adapter: the real commands, conversation and survey on the ports in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from memory import NOW, Audit, Clusters, Confirmations, Engines, Forge, Git, Mutes, Promotions, Queue, Standings, Synced

import commands
from bot.command import Context, discover
from bot.conversation import Answer, Conversation
from bot.model.catalog import Catalog, Delivery, Environment, ImagePolicy, Repository
from bot.model.change import Proposal
from bot.model.reply import Outcome, Reply
from bot.model.request import Actor, Invocation, Message, Place, Press
from bot.model.rules import Person, Role, Rules
from bot.perform import Performer
from bot.ports import Prober
from bot.promotions.beginning import Beginning
from bot.recent import Recent
from bot.rendering.dialect import parse
from bot.rendering.renderer import Renderer
from bot.survey import Survey

REGISTRY = discover(commands)
ANA, BEN, EVE = (Actor(f"U-{name}", name, github=name) for name in ("ana", "ben", "eve"))
RULES = Rules(
    {ANA.id: Person(ANA.id, "ana", roles=("deployer",)), BEN.id: Person(BEN.id, "ben", roles=("tester",))},
    {
        "deployer": Role("deployer", ("promote", "rollback"), ("*",)),
        "tester": Role("tester", ("promote",), ("staging",)),
    },
)
ENVIRONMENTS = {
    "staging": Environment("staging", ("staging/{service}",), "config", "staging", delivery=Delivery.PUSH),
    "production": Environment(
        "production", ("production/{service}",), "config", "production", ("prod",), reviewers=("ben",)
    ),
}


def pod(version: str, service: str = "payment") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {service}\n  namespace: shop\n"
        f"spec:\n  containers:\n  - name: {service}\n    image: acme/{service}:{version}\n"
    )


def path(environment: str, service: str = "payment") -> str:
    return f"{environment}/{service}/pod.yaml"


@dataclass
class Bench:
    """A bot on one repository, said to as people would. Time passes only when told to."""

    files: dict[str, str] = field(
        default_factory=lambda: {path(environment): pod("v1.0.0") for environment in ENVIRONMENTS}
    )
    environments: dict[str, Environment] = field(default_factory=lambda: dict(ENVIRONMENTS))
    images: ImagePolicy = field(default_factory=ImagePolicy)
    rules: Rules = RULES

    def __post_init__(self) -> None:
        self.git = Git(self.files)
        self.forge = Forge(heads=self.git.branches.__getitem__)
        self.clusters = Clusters()
        self.synced = Synced()
        self.engines = Engines()
        self.mutes = Mutes()
        self.promotions = Promotions()
        self.confirmations = Confirmations()
        self.audit = Audit()
        self.time = NOW
        self.queue = Queue()
        self.prober: Prober | None = None
        self.standings = Standings()
        self.looks = 0
        self.catalog = Catalog({"config": Repository("config", "/srv/c")}, self.environments, images=self.images)
        self.restart()
        self._said = 0

    def restart(self) -> None:
        """The process anew: what it held in memory is gone."""
        self.recent = Recent(self.now)
        performer = Performer(
            self.git,
            self.forge,
            lambda: self.git,
            lambda _: None,
            mutes=self.mutes,
            engines=self.engines,
            queue=self.queue,
        )
        self.conversation = Conversation(
            registry=REGISTRY,
            rules=self.rules,
            look=self.context,
            performer=lambda: performer,
            confirmations=self.confirmations,
            audit=self.audit,
            beginning=Beginning(self.promotions, self.environments),
            now=self.now,
        )

    def now(self) -> datetime:
        return self.time

    def passes(self, period: timedelta) -> None:
        self.time += period

    def context(self, message: Message) -> Context:
        self.looks += 1
        survey = Survey(self.git, Renderer(), self.clusters, self.synced, self.engines)
        return Context(
            self.catalog,
            self.git,
            survey,
            message,
            self.time,
            REGISTRY,
            lambda: self.forge,
            self.mutes.mutes,
            promotions=self.promotions.promotions,
            queue=self.queue.waiting,
            standings=self.standings.standings,
            prober=lambda: self.prober,
            recent=self.recent,
        )

    def message(self, text: str, by: Actor = ANA) -> Message:
        self._said += 1
        return Message(f"Ev{self._said}", text, by, Place("C1", "1.2"), self.time)

    def say(self, text: str, by: Actor = ANA, **options: bool) -> Reply:
        return self.conversation.hear(self.message(text, by), **options).reply

    def press(self, question: Reply, action: str = "confirm", by: Actor = ANA) -> Reply:
        """Press a button of a question."""
        (choice,) = (each for each in question.choices if each.action == action)
        answer = self.hear(replace(self.message("", by), press=Press(action, choice.value, "1.3")))
        answer.afterwards()
        return answer.reply

    def hear(self, message: Message) -> Answer:
        return self.conversation.hear(message)

    def plan(self, text: str) -> Proposal | Reply:
        """What the command itself gives, performed by nobody. Refusal and Unavailable come through."""
        context = self.context(self.message(text))
        understood = REGISTRY.understand(text, context.vocabulary)
        assert isinstance(understood, Invocation), understood
        return REGISTRY.commands[understood.verb].run(context, **understood.arguments)

    def put(
        self, environment: str, version: str, service: str = "payment", author: str = "Ana", message: str = ""
    ) -> str:
        """Someone's own commit."""
        said = message or f"Set {service} to {version}"
        return self.git.write({path(environment, service): pod(version, service)}, said, author)

    def runs(self, environment: str, version: str, service: str = "payment") -> None:
        """The cluster of an environment runs a version."""
        (document,) = parse(pod(version, service).encode(), "live.yaml")
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        self.clusters.apply(environment, {**document.value, "status": status})

    def version(self, environment: str, service: str = "payment") -> str:
        """What the branch says."""
        return self.git.head("config").content[path(environment, service)].decode().split(":")[-1].strip()


__all__ = ["ANA", "BEN", "EVE", "Bench", "Outcome", "path", "pod"]
