"""Flux's setter comments: `tag: v1.2.0 # {"$imagepolicy": "flux-system:payment:tag"}`.

Flux's image automation writes its own choice to a line so marked, so whoever moves it should know. The comment stays by
itself: only the value's characters are replaced. https://fluxcd.io/flux/guides/image-update/
"""

import re

from bot.manifests.yamltext import Text, follow
from bot.model.catalog import Pin

_MARK = re.compile(r'#\s*\{\s*"\$imagepolicy"\s*:\s*"([^"\n]+)"')


def manages(text: Text, pin: Pin) -> tuple[str, ...]:
    """That Flux manages the line of a pin, if it does."""
    root = text.documents[pin.document] if pin.document < len(text.documents) else None
    node = follow(root, pin.path)
    if node is None:
        return ()
    mark = _MARK.search(text.content[node.end_mark.index :].partition("\n")[0])
    if mark is None:
        return ()
    policy = ":".join(mark[1].split(":")[:2])
    said = (
        f"Flux's ImagePolicy {policy} manages {pin.file}:{pin.line} and will write its own choice back; "
        "suspend its ImageUpdateAutomation while this version should stay."
    )
    return (said,)
