"""Apps, their installations and tokens as the JSON of GitHub's REST API, held against its description too."""

from collections.abc import Sequence

from bot.playground.github.apps import GRANTED, App, Installation, Issued
from bot.playground.github.repository import Repository
from bot.playground.github.shapes import Body, Shapes, moment, node


def app(shapes: Shapes, app: App) -> Body:
    return {
        "id": app.id,
        "node_id": node("A", app.id),
        "slug": app.slug,
        "name": app.name,
        "client_id": f"Iv1.{app.id}",
        "owner": shapes.account("acme", 1, "Organization"),
        "description": None,
        "external_url": shapes.site,
        "html_url": f"{shapes.site}/apps/{app.slug}",
        "created_at": moment(app.created),
        "updated_at": moment(app.created),
        "permissions": dict(GRANTED),
        "events": [],
        "installations_count": len(app.installations),
    }


def installation(shapes: Shapes, app: App, installation: Installation) -> Body:
    at = moment(installation.created)
    return {
        "id": installation.id,
        "account": shapes.account(installation.account, 1, "Organization"),
        "access_tokens_url": f"{shapes.api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{shapes.api}/installation/repositories",
        "html_url": f"{shapes.site}/organizations/{installation.account}/settings/installations/{installation.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": 1,
        "target_type": "Organization",
        "permissions": dict(installation.permissions),
        "events": [],
        "created_at": at,
        "updated_at": at,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "repository_selection": "selected",
        "suspended_at": moment(installation.suspended),
        "suspended_by": None,
    }


def issued(shapes: Shapes, issued: Issued, repositories: Sequence[Repository]) -> Body:
    return {
        "token": issued.token.reveal(),
        "expires_at": moment(issued.expires),
        "permissions": dict(issued.access.permissions or {}),
        "repository_selection": "selected",
        "repositories": [shapes.repository(each) for each in repositories],
    }
