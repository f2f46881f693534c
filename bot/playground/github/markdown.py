"""Enough Markdown to read a pull request by; everything else stays the text it is.

Comments are hidden, as on GitHub. Every character from outside is escaped before any tag of ours is put around it.
"""

import re
from collections.abc import Iterator
from html import escape

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`|\*\*(?P<bold>[^*\n]+)\*\*|\[(?P<label>[^\]\n]+)\]\((?P<link>https?://[^\s()<>\"]+)\)"
    r"|(?P<url>https?://[^\s()<>\"'`]+)"
)
HEADING = re.compile(r"(#{1,4}) +(.+)")
ITEM = re.compile(r"(?:[-*]|\d+\.) +(.+)")
RULE = re.compile(r"\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?")
DETAILS = re.compile(r"</?details>|<summary>(?P<summary>[^<]*)</summary>")


def render(text: str) -> str:
    """HTML of a text of Markdown."""
    hidden = COMMENT.sub("", text.replace("\r\n", "\n"))
    return "\n".join(_blocks(hidden.split("\n")))


def inline(text: str) -> str:
    """HTML of one line: code, bold, links."""
    parts, end = [], 0
    for found in INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _span(found)]
        end = found.end()
    return "".join(parts) + escape(text[end:])


def _span(found: re.Match[str]) -> str:
    code, bold, label, link, url = (found[name] for name in ("code", "bold", "label", "link", "url"))
    if code:
        return f"<code>{escape(code)}</code>"
    if bold:
        return f"<strong>{escape(bold)}</strong>"
    return f'<a href="{escape(link or url)}" rel="noopener noreferrer">{escape(label or url)}</a>'


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        start = at
        at += 1
        if line.startswith("```"):
            while at < len(lines) and not lines[at].strip().startswith("```"):
                at += 1
            yield _code("\n".join(lines[start + 1 : at]), line[3:].strip())
            at += 1
        elif heading := HEADING.fullmatch(line):
            level = len(heading[1]) + 1
            yield f"<h{level}>{inline(heading[2])}</h{level}>"
        elif tag := DETAILS.fullmatch(line):
            yield line if tag["summary"] is None else f"<summary>{escape(tag['summary'])}</summary>"
        elif ITEM.fullmatch(line):
            while at < len(lines) and ITEM.fullmatch(lines[at].strip()):
                at += 1
            items = (ITEM.fullmatch(each.strip()) for each in lines[start:at])
            yield "<ul>" + "".join(f"<li>{inline(item[1])}</li>" for item in items if item) + "</ul>"
        elif line.startswith("|") and at < len(lines) and RULE.fullmatch(lines[at].strip()):
            while at < len(lines) and lines[at].strip().startswith("|"):
                at += 1
            yield _table(lines[start], lines[start + 2 : at])
        elif line:
            while at < len(lines) and lines[at].strip() and not _begins_block(lines[at].strip()):
                at += 1
            yield f"<p>{'<br>'.join(inline(each.strip()) for each in lines[start:at])}</p>"


def _begins_block(line: str) -> bool:
    return line.startswith(("```", "|")) or any(each.fullmatch(line) for each in (HEADING, ITEM, DETAILS))


def _code(text: str, language: str) -> str:
    return diff(text) if language == "diff" else f"<pre>{escape(text)}</pre>"


def diff(text: str) -> str:
    """A patch with its lines coloured."""
    kinds = {"+": "add", "-": "del", "@": "hunk"}
    return (
        '<pre class="diff">'
        + "".join(f'<span class="{kinds.get(line[:1], "same")}">{escape(line)}\n</span>' for line in text.split("\n"))
        + "</pre>"
    )


def _table(head: str, rows: list[str]) -> str:
    def cells(row: str, tag: str) -> str:
        return "".join(f"<{tag}>{inline(cell.strip())}</{tag}>" for cell in row.strip().strip("|").split("|"))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"
