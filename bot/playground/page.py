"""The frame around every page of the playground: one title, one navigation, one style, and no inline script.

Pages are built as strings: every value that came from a person or from Git passes `escape` on its way in.
"""

from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

SECTIONS = {"Slack": "/", "GitHub": "/github/", "Clusters": "/clusters/"}
POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
"""Nothing from outside and nothing inline, so that text which got past escaping still can't run."""


def page(
    title: str,
    body: str,
    current: str,
    *,
    sheets: Sequence[str] = (),
    scripts: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """A whole page. `body` is HTML; `title` is text; `current` is a key of SECTIONS.

    `sheets` and `scripts` are names of files under `/static/`; scripts are loaded as modules.
    """
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if name == current else ""}>{name}</a>'
        for name, path in SECTIONS.items()
    )
    styles = "".join(f'<link rel="stylesheet" href="/static/{escape(name)}">' for name in ("base.css", *sheets))
    modules = "".join(f'<script type="module" src="/static/{escape(name)}"></script>' for name in scripts)
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Quarterdeck playground</title>"
        f'<link rel="icon" href="data:,">{styles}{modules}</head><body>'
        f'<nav class="deck"><strong>Quarterdeck playground</strong>{links}</nav>{body}</body></html>',
        status_code=status,
        headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"},
    )
