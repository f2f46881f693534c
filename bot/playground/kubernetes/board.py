"""The HTML of the clusters' page. Pure: what the agents and clusters hold in, escaped text out."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from shutil import which
from urllib.parse import urlencode

import yaml

from bot.health import health
from bot.health.causes import causes, summed_up
from bot.manifests import images
from bot.model.sync import Health
from bot.playground.kubernetes.agent import Agent
from bot.playground.kubernetes.commit import KUBECTL
from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.objects import Json

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_UNINTERESTING = ("Namespace", "Event", "ReplicaSet")
_NOISE = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation")
"""Left out of the editor; without the version, a rollout that goes on meanwhile is no conflict."""
_COLORS = {Health.HEALTHY: "good", Health.PROGRESSING: "warn", Health.DEGRADED: "bad"}


def board(agents: Mapping[str, Agent], kubeconfig: str) -> str:
    columns = "".join(_cluster(name, agent) for name, agent in agents.items())
    return (
        '<main class="clusters"><header><h1>Clusters</h1><p class="soft">Git says what should run, this is what runs.'
        " Change something by hand and ask the bot for <code>drift</code>. The agents apply what is merged;"
        " <em>Sync now</em> puts back all that Git declares and takes away what <code>kubectl</code>"
        f' added beside it.</p></header><div class="columns">{columns}</div>'
        f"{_commands(agents, kubeconfig)}</main>"
    )


def editor(cluster: str, kind: Kind, manifest: Json) -> str:
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _NOISE}
    shown = {key: value for key, value in manifest.items() if key != "status"} | {"metadata": metadata}
    text = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)
    return (
        f'<main class="clusters"><h1>{escape(title(cluster, kind, manifest))}</h1>'
        f'<form method="post" action="/clusters/act">{_identity(cluster, kind, manifest)}'
        '<p><label for="yaml" class="soft">Saving replaces the object in the cluster; Git stays as it is.</label></p>'
        f'<textarea id="yaml" name="yaml" spellcheck="false">\n{escape(text)}</textarea>'
        '<p class="line"><button class="primary" name="action" value="replace">Save</button>'
        '<a class="button" href="/clusters/">Cancel</a></p></form></main>'
    )


def title(cluster: str, kind: Kind, manifest: Json) -> str:
    return f"{kind.kind} {manifest['metadata']['name']} in {cluster}"


def sorry(sentence: str) -> str:
    return (
        f'<main class="clusters"><h1>That didn’t work</h1><p class="problem">{escape(sentence)}</p>'
        '<p><a class="button" href="/clusters/">Back to the clusters</a></p></main>'
    )


def _cluster(name: str, agent: Agent) -> str:
    workloads = list(_objects(agent, WORKLOADS))
    others = [(kind, each) for kind, each in _objects(agent) if kind.kind not in (*WORKLOADS, *_UNINTERESTING)]
    cards = "".join(_workload(name, agent, kind, manifest) for kind, manifest in workloads)
    rows = "".join(_other(name, kind, manifest) for kind, manifest in others)
    revision = f"at <code>{escape(agent.revision[:7])}</code>" if agent.revision else "nothing applied yet"
    troubles = [agent.error, *(f"{folder.path}: {folder.error}" for folder in agent.folders.values() if folder.error)]
    problems = "".join(f'<p class="problem">{escape(trouble)}</p>' for trouble in troubles if trouble)
    return (
        f'<section class="cluster"><header><h2>{escape(name)}</h2>'
        f'<span class="soft" data-live="{escape(name)} revision">{revision}</span>'
        f'<form method="post" action="/clusters/act"><input type="hidden" name="cluster" value="{escape(name)}">'
        '<button name="action" value="sync" title="Apply everything that Git declares">'
        f'Sync now</button></form></header><div data-live="{escape(name)} problems">{problems}</div>'
        + (cards or '<p class="soft">No workloads.</p>')
        + (f"<details><summary>{len(others)} other objects</summary><table>{rows}</table></details>" if others else "")
        + "</section>"
    )


def _workload(cluster: str, agent: Agent, kind: Kind, manifest: Json) -> str:
    metadata, status = manifest["metadata"], manifest.get("status", {})
    state, why, _ = health(manifest)
    because = summed_up(each for pod in agent.cluster.pods(manifest) for each in causes(pod))
    why = ": ".join(filter(None, [why, *because[:1]]))
    containers = manifest["spec"]["template"]["spec"].get("containers", [])
    version = ", ".join(images.split(str(each.get("image", ""))).version or "latest" for each in containers)
    wanted = (
        status.get("desiredNumberScheduled", 0) if kind.kind == "DaemonSet" else manifest["spec"].get("replicas", 1)
    )
    ready = status.get("numberReady", 0) if kind.kind == "DaemonSet" else status.get("readyReplicas", 0)
    key = escape(f"{cluster} {metadata['uid']}")
    return (
        f'<article class="workload"><div class="summary" data-live="{key}"><strong>{escape(metadata["name"])}</strong>'
        f'<code class="version">{escape(version)}</code><span class="soft">{ready}/{wanted} ready</span>'
        f'<span class="badge {_COLORS.get(state, "")}">{state}</span>'
        f'<span class="soft why">{escape(why) if state is not Health.HEALTHY else ""}</span></div>'
        f"<details><summary>Break it</summary>{_forms(cluster, kind, manifest, containers)}"
        f'<p class="soft">{kind.kind} in namespace {escape(metadata["namespace"])}, {_origin(agent, metadata)}</p>'
        "</details></article>"
    )


def _origin(agent: Agent, metadata: Json) -> str:
    """Which Kustomization or Application made an object, and the commit that it stands at."""
    name = agent.engine.owner(metadata)
    folder = next((each for each in agent.folders.values() if each.name == name), None)
    if folder is None:
        return "made by hand"
    at = f" at <code>{escape(folder.revision[:7])}</code>" if folder.revision else ""
    return f"of the {agent.engine.kind} {escape(folder.name)}{at}"


def _forms(cluster: str, kind: Kind, manifest: Json, containers: Sequence[Json]) -> str:
    """A form for each way of breaking it; they change the first container, as most workloads have one."""
    name = manifest["metadata"]["name"]
    first: Json = containers[0] if containers else {}
    env: Json = next((entry for entry in first.get("env", []) if "value" in entry), {"name": "DEBUG", "value": "1"})
    forms = {
        "image": ("Set image", _input("value", f"Image of {name}", first.get("image", ""))),
        "env": (
            "Set variable",
            _input("variable", f"Variable of {name}", env["name"]) + _input("value", "Its value", env["value"]),
        ),
    }
    if kind.scalable:
        replicas = _input("value", f"Replicas of {name}", manifest["spec"].get("replicas", 1), 'type="number" min="0"')
        forms = {"scale": ("Scale", replicas), **forms}
    shown = "".join(
        f'<form method="post" action="/clusters/act" class="line">{_identity(cluster, kind, manifest)}{inputs}'
        f'<button name="action" value="{action}">{label}</button></form>'
        for action, (label, inputs) in forms.items()
    )
    return f'{shown}<div class="line">{_links(cluster, kind, manifest)}</div>'


def _input(name: str, label: str, value: object, form: str = "") -> str:
    return f'<input name="{name}" aria-label="{escape(label)}" value="{escape(str(value))}" {form}>'


def _other(cluster: str, kind: Kind, manifest: Json) -> str:
    metadata = manifest["metadata"]
    where = f"{metadata['namespace']}/" if "namespace" in metadata else ""
    return (
        f'<tr><td>{kind.kind}</td><td><span class="soft">{escape(where)}</span>{escape(metadata["name"])}</td>'
        f'<td><div class="line">{_links(cluster, kind, manifest)}</div></td></tr>'
    )


def _links(cluster: str, kind: Kind, manifest: Json) -> str:
    metadata = manifest["metadata"]
    query = urlencode(
        {
            "cluster": cluster, "api": kind.api_version, "kind": kind.kind,
            "namespace": metadata.get("namespace", ""), "name": metadata["name"],
        }
    )  # fmt: skip
    edit = "" if kind.kind == "Secret" else f'<a class="button" href="/clusters/edit?{escape(query)}">Edit YAML</a>'
    return (
        f'{edit}<form method="post" action="/clusters/act">{_identity(cluster, kind, manifest)}'
        '<button name="action" value="delete" class="quiet-danger">Delete</button></form>'
    )


def _identity(cluster: str, kind: Kind, manifest: Json) -> str:
    metadata = manifest["metadata"]
    fields = {
        "cluster": cluster,
        "api": kind.api_version,
        "kind": kind.kind,
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
    }
    return "".join(f'<input type="hidden" name="{key}" value="{escape(value)}">' for key, value in fields.items())


def _commands(agents: Mapping[str, Agent], kubeconfig: str) -> str:
    """Lines to copy, of the last cluster, since breaking production makes the better story."""
    name, agent = list(agents.items())[-1]
    found = next((each for _, each in _objects(agent, ("Deployment",))), None)
    metadata = found["metadata"] if found else {"namespace": "default", "name": "NAME"}
    program = "kubectl" if which("kubectl") else KUBECTL
    kubectl = f"{program} --context {name} -n {metadata['namespace']}"
    target = f"deployment/{metadata['name']}"
    lines = (
        f"export KUBECONFIG={kubeconfig}",
        f"{kubectl} get deployments,services,pods",
        f"{kubectl} scale {target} --replicas=5",
        f"{kubectl} set image {target} '*=registry.example.com/{metadata['name']}:v0.0.1'",
        f"{kubectl} set env {target} DEBUG=1",
        f"{kubectl} edit {target}",
        f"{kubectl} rollout status {target}",
        f"{kubectl} logs {target}",
        f"{kubectl} delete {target}",
    )
    contexts = " and ".join(f"<code>{escape(each)}</code>" for each in agents)
    return (
        f'<section><h2>With kubectl</h2><p class="soft">Type the first line once. The contexts are {contexts}.'
        " An image whose tag contains <code>broken</code> can’t be pulled, one with <code>crash</code> starts and"
        " falls.</p>"
        f'<pre data-live="commands">{escape(chr(10).join(lines))}</pre></section>'
    )


def _objects(agent: Agent, kinds: Sequence[str] = ()) -> Iterator[tuple[Kind, Json]]:
    for kind in agent.cluster.served:
        if not kinds or kind.kind in kinds:
            yield from ((kind, manifest) for manifest in agent.cluster.objects.all(kind))
