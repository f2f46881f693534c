"""The pages of the clusters: what runs where, and forms to break it by hand.

What the forms do is what kubectl would do: it goes past Git, and the agents leave it until somebody syncs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.kubernetes import board
from bot.playground.kubernetes.agent import Agent
from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.objects import Json, Problem
from bot.playground.page import page

MANAGERS = {"scale": "kubectl", "image": "kubectl-set", "env": "kubectl-set", "replace": "kubectl-edit"}
"""The names by which kubectl does what each form does."""
_MOST_REPLICAS = 50


def pages(agents: Mapping[str, Agent], kubeconfig: Path) -> list[BaseRoute]:
    """Routes of the pages below `/clusters/`; `agents` by the name of their cluster."""
    shown = _Pages(agents, kubeconfig)
    return [
        Route("/clusters/", shown.board),
        Route("/clusters/act", shown.act, methods=["POST"]),
        Route("/clusters/edit", shown.edit),
    ]


class _Pages:
    def __init__(self, agents: Mapping[str, Agent], kubeconfig: Path) -> None:
        self._agents, self._kubeconfig = agents, kubeconfig

    async def board(self, _: Request) -> Response:
        try:
            shown = await run_in_threadpool(board.board, self._agents, str(self._kubeconfig))
        except Problem as problem:
            return _page("Clusters", board.sorry(f"A cluster says no: {problem}."), 503)
        return _page("Clusters", shown)

    async def edit(self, request: Request) -> Response:
        query = dict(request.query_params)
        try:
            agent, kind = self._named(query)
            manifest = await run_in_threadpool(agent.cluster.objects.get, kind, query["namespace"], query["name"])
        except (KeyError, Problem):
            return _page("Clusters", board.sorry("There is no such object any more."), 404)
        if kind.kind == "Secret":
            return _page("Clusters", board.sorry("Values of Secrets are not shown here; use kubectl edit."), 403)
        return _page(board.title(query["cluster"], kind, manifest), board.editor(query["cluster"], kind, manifest))

    async def act(self, request: Request) -> Response:
        """A form was sent: do it, then show the board again."""
        form = {key: str(value) for key, value in (await request.form()).items()}
        try:
            if form["action"] == "sync":
                await run_in_threadpool(self._agents[form["cluster"]].sync, heal=True)
            else:
                agent, kind = self._named(form)
                await run_in_threadpool(_act, agent, kind, form)
        except KeyError:
            return _page("Clusters", board.sorry("That form is not one of this page."), 400)
        except ValueError as error:
            return _page("Clusters", board.sorry(str(error)), 400)
        except Problem as problem:
            return _page("Clusters", board.sorry(f"The cluster says no: {problem}."), 409)
        return RedirectResponse("/clusters/", 303)

    def _named(self, fields: Mapping[str, str]) -> tuple[Agent, Kind]:
        agent = self._agents[fields["cluster"]]
        kind = agent.cluster.served.of(fields["api"], fields["kind"])
        if kind is None:
            raise KeyError(fields["kind"])
        return agent, kind


def _act(agent: Agent, kind: Kind, form: Mapping[str, str]) -> None:
    objects, namespace, name = agent.cluster.objects, form["namespace"], form["name"]
    if form["action"] == "delete":
        objects.delete(kind, namespace, name)
        return
    change = _CHANGES[form["action"]](form)
    objects.edit(kind, namespace, name, change, manager=MANAGERS[form["action"]])


def _scale(form: Mapping[str, str]) -> Callable[[Json], Json]:
    if not form["value"].isdecimal() or int(form["value"]) > _MOST_REPLICAS:
        raise ValueError(f"Replicas are a whole number from 0 to {_MOST_REPLICAS}.")

    def change(live: Json) -> Json:
        live["spec"]["replicas"] = int(form["value"])
        return live

    return change


def _image(form: Mapping[str, str]) -> Callable[[Json], Json]:
    def change(live: Json) -> Json:
        live["spec"]["template"]["spec"]["containers"][0]["image"] = form["value"].strip()
        return live

    return change


def _variable(form: Mapping[str, str]) -> Callable[[Json], Json]:
    def change(live: Json) -> Json:
        container = live["spec"]["template"]["spec"]["containers"][0]
        entry = {"name": form["variable"].strip(), "value": form["value"]}
        env = container.get("env", [])
        known = [each["name"] for each in env]
        if entry["name"] in known:
            container["env"] = [entry if each["name"] == entry["name"] else each for each in env]
        else:
            container["env"] = [*env, entry]
        return live

    return change


def _replacement(form: Mapping[str, str]) -> Callable[[Json], Json]:
    try:
        manifest = dict(yaml.safe_load(form["yaml"]))
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise ValueError("That is not an object in YAML; nothing was saved.") from error
    return lambda _: manifest


_CHANGES = {"scale": _scale, "image": _image, "env": _variable, "replace": _replacement}


def _page(title: str, body: str, status: int = 200) -> Response:
    return page(title, body, "Clusters", sheets=("clusters.css",), scripts=("clusters.js",), status=status)
