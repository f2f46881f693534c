"""What can be said, from the same declarations that are obeyed."""

from bot.command import Context, command
from bot.language.arguments import VerbName
from bot.model.reply import Layout, Outcome, Reply, Section


@command("help [<verb…>]", examples=["help", "help promote", "help drift mute"])
def help(ctx: Context, verb: VerbName | None = None) -> Reply:  # noqa: A001 - file, verb and function share a name
    """List the commands, or explain one."""
    if verb is None:
        lines = []
        for each in ctx.registry.commands.values():
            lines += [*(usage.line for usage in each.usages), f"    {each.summary.partition(chr(10))[0]}"]
        text = "Mention me, use /deck or write me directly; for example: promote payment v1.3.0 to prod."
        return Reply(Outcome.ANSWERED, text, (Section("\n".join(lines), Layout.CODE),), private=True)
    found = ctx.registry.commands[verb]
    shown = "\n".join([*(usage.line for usage in found.usages), "", *(f"e.g. {line}" for line in found.examples)])
    # Lines of the source are no lines of the chat, which breaks them by itself.
    paragraphs = [" ".join(each.split()) for each in found.summary.split("\n\n")]
    return Reply(Outcome.ANSWERED, "\n\n".join(paragraphs), (Section(shown, Layout.CODE),), private=True)
