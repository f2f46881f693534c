"""The built-in kinds: which of their fields have defaults, keys, amounts, and owners other than Git."""

from collections.abc import Mapping

from bot.comparison.kinds import access, capacity, core, networking, workloads
from bot.comparison.kinds.metadata import METADATA
from bot.comparison.schema import Type

_BUILT_IN: Mapping[tuple[str, str], Type] = {
    **workloads.TYPES,
    **core.TYPES,
    **networking.TYPES,
    **access.TYPES,
    **capacity.TYPES,
}
_OTHER_BUILT_IN = Type(fields={"metadata": METADATA})
_CUSTOM = Type(fields={"metadata": METADATA}, custom=True)


def type_of(group: str, kind: str) -> Type:
    """What is known of a kind; for a custom resource little more than its metadata."""
    known = _BUILT_IN.get((group, kind))
    if known is None:
        known = _OTHER_BUILT_IN if "." not in group else _CUSTOM
    return known
