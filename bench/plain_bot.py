"""The least bot there can be: Bolt's own, which acknowledges and keeps nothing. Run as a module, with our variables."""

import os

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def main() -> None:
    client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    secret = os.environ.get("SLACK_SIGNING_SECRET")
    app = App(client=client, signing_secret=secret or "none")
    app.event("app_mention")(lambda: None)
    if secret is None:
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()
        return
    host, port = os.environ["QUARTERDECK_LISTEN"].split(":")
    handler = SlackRequestHandler(app)

    async def events(request: Request) -> object:
        return await handler.handle(request)

    routes = [
        Route("/slack/events", events, methods=["POST"]),
        Route("/healthz", lambda _: PlainTextResponse("ok")),
    ]
    uvicorn.run(Starlette(routes=routes), host=host, port=int(port), log_config=None)


if __name__ == "__main__":
    main()
