"""`helm template`, in the sandbox. Knows nothing of what it renders; `bot.rendering.charts` has decided that."""

import re

from bot.comparison import secrets
from bot.rendering import sandbox
from bot.rendering.charts import Chart
from bot.rendering.sandbox import Command, Limits

_USUAL = Limits()
_CHART, _VALUES = "chart", "values"
"""Where the files go: names of ours, since `--values` takes a comma in a path for the end of it."""


def template(helm: str, chart: Chart, limits: Limits = _USUAL) -> bytes:
    """What `helm template` prints for a chart whose files are all that it can see.

    Refusal with helm's reason if it can't, or takes too much.
    """
    files = {f"{_CHART}/{path}": content for path, content in chart.files.items()}
    files |= {f"{_VALUES}/{number}.yaml": content for number, content in enumerate(chart.values)}
    # After `--` nothing is a flag, whatever a service or folder is called.
    arguments = (
        *("template", "--include-crds", f"--namespace={chart.namespace}"),
        *(f"--values={{tree}}/{_VALUES}/{number}.yaml" for number in range(len(chart.values))),
        *(f"--set{'-string' * each.is_text}={each.name}={_escaped(each.value)}" for each in chart.parameters),
        *("--", chart.release, f"{{tree}}/{_CHART}"),
    )
    secret = any(secrets.may_be_in(content) for content in files.values())
    return sandbox.run(Command("helm", helm, arguments, limits), files, chart.folder, secret=secret)


def _escaped(value: str) -> str:
    """As Argo CD does: a comma would begin the next parameter. One that is escaped already stays."""
    return re.sub(r"(?<!\\),", r"\\,", value)
