"""Objects whose name says what they hold: kustomize puts a hash of it behind the names that it generates."""

import re
from dataclasses import replace

from bot.model.sync import ObjectRef

_HASH = re.compile(r"-[bcdfghkmt2456789]{10}$")
"""Of a generated ConfigMap or Secret (kustomize's api/hasher: hexadecimal digits without vowels and look-alikes)."""


def stem(ref: ObjectRef) -> ObjectRef:
    """The object without its hash: the same for all that it was and will be. Itself where it has none."""
    return replace(ref, name=_HASH.sub("", ref.name))
