"""Why no pin was found at a target, and what would help."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from bot.errors import Refusal
from bot.manifests import images, workload
from bot.manifests.layout import Folder
from bot.manifests.yamltext import Text
from bot.model.catalog import Pin, Target
from bot.pins import charts


def nothing(target: Target, folders: Sequence[Folder], text: Callable[[str], Text], others: Sequence[Pin]) -> Refusal:
    """The refusal for a target whose image is nowhere; `others` are the pins that are there. Raises one for a file that
    can't be parsed: that is told before what is missing."""
    service, image = target.service, target.image
    where = " and ".join(folder.path for folder in folders)
    files = [text(file) for folder in folders for file in folder.files]
    for each in files:
        each.documents  # noqa: B018 - raises for what can't be parsed
    strays = [
        pin
        for each in files
        for pin in workload.strays(each)
        if image == pin.image.name or images.named_after(pin.image.name, service)
    ]
    if strays:
        path = ".".join(map(str, strays[0].path))
        return Refusal(
            f"{strays[0].object}: the image at {path} ({strays[0].file}:{strays[0].line}) is not a container's, "
            f"so it is not edited on a guess; add it to services.{service}.pins."
        )
    said = f"No image of {image or service} is in {where}"
    if not others:
        if elsewhere := next(filter(None, map(charts.elsewhere, files)), None):
            return Refusal(f"{said}: {elsewhere}; name the place in services.{service}.pins.")
        return Refusal(f"{said}: no container is declared there; check environments.{target.environment}.path.")
    setting = f"services.{service}.image"
    near = _nearest(image or service, others)
    if near:
        return Refusal(f"{said}; nearest: {listed(near)}. Set {setting} to the one that is meant.")
    return Refusal(f"{said}; there are {listed(others)}. Set {setting} to the one that is meant.")


def listed(pins: Iterable[Pin]) -> str:
    """Images with their places, for a sentence."""
    return ", ".join(dict.fromkeys(f"{pin.image.name or pin.key} ({pin.file}:{pin.line})" for pin in pins))


def _nearest(name: str, pins: Sequence[Pin]) -> list[Pin]:
    known = {called: pin for pin in pins for called in (pin.image.name, pin.image.name.rpartition("/")[2])}
    return [known[close] for close in get_close_matches(name, known, 1, 0.7)]
