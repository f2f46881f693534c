"""The program `quarterdeck`: words of a shell into calls, replies into text or JSON and an exit status.

Must not know what a verb does. Rooms are imported in the call that needs them, so that `say` and `edit` answer at once.
"""

import argparse
import gc
import getpass
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bot.errors import Refusal, Unavailable
from bot.printing import dumps, printable

if TYPE_CHECKING:
    from bot.app import App
    from bot.model.sync import Sighting

DEFAULT_CONFIG = Path("quarterdeck.yaml")


class _Parser(argparse.ArgumentParser):
    """Usage errors end with 2 = could not, as everywhere in this program."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. Try: {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call; its exit status. No error of any kind reaches a person as a stack trace."""
    args = _parser().parse_args(arguments)
    try:
        status: int = args.run(args)
    except Refusal as refusal:
        return _ended(str(refusal), 1 if args.run is _check else 2)
    except Unavailable as trouble:
        return _ended(str(trouble), 2)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 2
    except Exception as defect:  # noqa: BLE001 - a stack trace is for us; a person gets a sentence and a place
        place = traceback.extract_tb(defect.__traceback__)[-1]
        where = f"{type(defect).__name__} at {Path(place.filename).name}:{place.lineno}"
        return _ended(f"Quarterdeck failed where it should not have ({where}): this is a defect, please report it.", 2)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="quarterdeck", description="Commands in chat become commits, pull requests and answers.")
    calls = parser.add_subparsers(required=True, metavar="CALL")

    def call(name: str, run: object, about: str, *, config: bool = True) -> argparse.ArgumentParser:
        added = calls.add_parser(name, help=about, description=about)
        added.set_defaults(run=run)
        if config:
            added.add_argument("--config", type=Path, default=DEFAULT_CONFIG, metavar="F", help="default: %(default)s")
        return added

    call("serve", _serve, "Run the bot: Socket Mode if there is an app token, else HTTP.")
    say = call("say", _say, "Give one command from a terminal or CI, under the same rules.")
    say.add_argument("text", help='for example "promote payment v1.3.0 to prod"')
    say.add_argument("--as", dest="person", metavar="NAME", help="act as people.*.github of this name")
    say.add_argument("--dry-run", action="store_true", help="plan only, and show the diff")
    say.add_argument("--yes", action="store_true", help="confirm what would be asked back")
    say.add_argument("--json", action="store_true", help="schema quarterdeck/reply/v1")
    drift = call(
        "drift", _drift, "Compare Git with the clusters once. Exit status: 0 none, 1 drift, 2 not all checked."
    )
    drift.add_argument("--service", metavar="S")
    drift.add_argument("--in", dest="environment", metavar="E")
    drift.add_argument("--json", action="store_true", help="schema quarterdeck/drift/v1")
    drift.add_argument(
        "--watch", action="store_true", help="look again and again, and print what changes; Ctrl-C ends it"
    )
    drift.add_argument("--every", type=_seconds, default=30.0, metavar="SECONDS", help="with --watch; default: 30")
    edit = call("edit", _edit, "Move versions in files, all or nothing; no config needed.", config=False)
    edit.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder: all manifests below it")
    edit.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="IMAGE=VERSION",
        help="as often as needed; VERSION: tag, sha256:…, tag@sha256:…",
    )
    edit.add_argument(
        "--templates",
        action="store_true",
        help="also where one line of a chart's template is image: IMAGE:OLD, written out",
    )
    edit.add_argument("--diff", action="store_true", help="print what would change, and write nothing")
    edit.add_argument("--json", action="store_true", help="schema quarterdeck/edit/v1")
    check = call("check", _check, "Check the config, and with PATH the config repository checked out there.")
    check.add_argument("path", nargs="?", type=Path)
    playground = call("playground", _playground, "A Slack, a GitHub and two clusters on this machine.", config=False)
    playground.add_argument("--port", type=int, default=8700, help="default: %(default)s")
    playground.add_argument("--no-browser", action="store_true", help="print the address only")
    playground.add_argument("--envtest", action="store_true", help="real API servers, of KUBEBUILDER_ASSETS")
    return parser


def _serve(args: argparse.Namespace) -> int:
    import logging

    from bot.app import App

    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    with App.load(args.config, logging.INFO) as app:
        app.serve(stop)
    return 0


def _say(args: argparse.Namespace) -> int:
    import uuid

    from bot import terminal
    from bot.app import App
    from bot.model.reply import Outcome, Reply
    from bot.model.request import Message, Place

    with terminal.progress("Working"):
        try:
            with App.load(args.config) as app:
                actor = app.terminal_actor(args.person, _user())
                message = Message(f"say:{uuid.uuid4()}", args.text, actor, Place(), datetime.now(UTC))
                answer = app.conversation.hear(message, dry_run=args.dry_run, yes=args.yes)
                reply, warning = answer.reply, answer.afterwards()
        except Refusal as refusal:
            reply, warning = Reply(Outcome.REFUSED, str(refusal)), None
        except Unavailable as trouble:
            reply, warning = Reply(Outcome.FAILED, str(trouble)), None
    print(terminal.as_json(reply) if args.json else terminal.plain(reply))
    if warning:
        print(printable(warning.text), file=sys.stderr)
    return terminal.STATUS.get(reply.outcome, 0)


def _drift(args: argparse.Namespace) -> int:
    from bot import terminal
    from bot.app import App
    from bot.drift import report
    from bot.model.reply import Outcome, Reply

    started = time.monotonic()
    with App.load(args.config) as app:
        if args.watch:
            return _watch(app, args)
        with terminal.progress("Comparing") as told:
            sightings = app.looks.look(args.service, args.environment, told)
    if args.json:
        seconds = round(time.monotonic() - started, 3)
        targets = [report.data(each) for each in sightings]
        print(dumps({"schema": "quarterdeck/drift/v1", "seconds": seconds, "targets": targets}))
    else:
        said = report.report(sightings, datetime.now(UTC))
        reply = Reply(Outcome.ANSWERED, report.summary(sightings), said)
        print(terminal.plain(reply))
    return _verdict(sightings)


def _watch(app: "App", args: argparse.Namespace) -> int:
    """Look again and again until Ctrl-C; the exit status is that of the last look, 2 for one that could not be made."""
    from bot import terminal
    from bot.drift import watching

    last: tuple[Sighting, ...] = ()
    status = 2
    try:
        while True:
            began = time.monotonic()
            try:
                with terminal.progress("Comparing") as told:
                    looked = watching.kept(last, app.looks.look(args.service, args.environment, told))
            except Unavailable as trouble:
                print(printable(str(trouble)), file=sys.stderr)
                status = 2
            else:
                now = datetime.now(UTC)
                for change in watching.changes(last, looked):
                    said = [dumps(watching.data(change, now))] if args.json else watching.lines(change, now)
                    print(*map(printable, said), sep="\n", flush=True)
                last, status = looked, _verdict(looked)
            time.sleep(max(0.0, began + args.every - time.monotonic()))
    except KeyboardInterrupt:
        return status


def _verdict(sightings: "Sequence[Sighting]") -> int:
    from bot.model.sync import SyncState

    states = {each.sync for each in sightings}
    return 2 if SyncState.UNKNOWN in states else 1 if SyncState.DRIFTED in states else 0


def _edit(args: argparse.Namespace) -> int:
    from bot import edit, files

    gc.disable()  # it would search a large file's many nodes over and over, and double the time
    status = 1
    try:
        plan = edit.plan([edit.setting(words) for words in args.set], args.paths, templates=args.templates)
        if not plan.refusals and not args.diff:
            files.replace(plan.rewrites)
    except Refusal as refusal:
        plan = edit.Plan(refusals=[edit.Refused(str(refusal))])
    except Unavailable as trouble:
        plan, status = edit.Plan(refusals=[edit.Refused(str(trouble))]), 2
    finally:
        gc.enable()
    if args.json:
        print(dumps(edit.as_data(plan)))
    if plan.refusals:
        said = [each.why for each in plan.refusals] + ["Nothing was written."] * (status == 1)
        print(printable("\n".join(said)), file=sys.stderr)
        return status
    if args.diff and plan.rewrites and not args.json:
        diff = edit.diff(plan)
        sys.stdout.write(printable(diff) if sys.stdout.isatty() else diff)
    elif not args.json:
        print(printable(edit.report(plan)), file=sys.stderr if args.diff else sys.stdout)
    for note in plan.notes:
        print(printable(note), file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> int:
    from bot.app import App

    with App.load(args.config) as app:
        problems = app.check(args.path) if args.path else []
    for problem in problems:
        print(printable(problem))
    if not problems:
        print(printable(f"{args.config}: all is well."))
    return 1 if problems else 0


def _playground(args: argparse.Namespace) -> int:
    try:
        from bot.playground.playground import assets, run
    except ImportError as missing:
        raise Unavailable(
            f"The playground needs {missing.name}, which is not installed; try: pip install 'quarterdeck[playground]'"
        ) from None
    return run(args.port, open_browser=not args.no_browser, assets=assets(os.environ) if args.envtest else None)


def _seconds(text: str) -> float:
    """At least one, so that watching is no load by itself."""
    seconds = float(text)
    if not 1 <= seconds <= 86_400:
        raise ValueError
    return seconds


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, by a number that no file gives a name
        return f"user {os.getuid()}"


def _ended(sentence: str, status: int) -> int:
    print(printable(sentence), file=sys.stderr)
    return status
