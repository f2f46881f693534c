"""Enough Markdown to read a pull request by; everything else stays the text it is.

Comments are hidden, as on GitHub. Every character from outside is escaped before any tag of ours is put around it.
"""

import re
from collections.abc import Iterator
from html import escape, unescape

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
INLINE = re.compile(
    r"\\(?P<literal>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:amp|lt|gt|quot|#x27);)"
    r"|`(?P<code>[^`\n]+)`"
    r"|<code>(?P<html>[^<\n]*)</code>"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|\[(?P<label>[^\[\]\n]+)\]\((?P<link>https?://[^\s()<>\"]+)\)"
    r"|(?P<url>https?://[^\s()<>\"'`]+)"
)
FENCE = re.compile(r"(`{3,})\s*([\w-]*)")
HEADING = re.compile(r"(#{1,4}) +(.+)")
ITEM = re.compile(r"(?:[-*]|\d+\.) +(.+)")
QUOTE = re.compile(r"> ?(.*)")
RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
CELLS = re.compile(r"(?<!\\)\|")
DETAILS = re.compile(r"(?P<tag></?details>)?(?:<summary>(?P<summary>[^<]*)</summary>)?")


def render(text: str) -> str:
    """HTML of a text of Markdown."""
    return "\n".join(_blocks(COMMENT.sub("", text.replace("\r\n", "\n")).split("\n")))


def inline(text: str) -> str:
    """HTML of one line: code, bold, links; `\\` takes a character as it is."""
    parts, end = [], 0
    for found in INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _span(found)]
        end = found.end()
    return "".join(parts) + escape(text[end:])


def diff(text: str) -> str:
    """A patch with its lines coloured."""
    kinds = {"+++ ": "hunk", "--- ": "hunk", "+": "add", "-": "del", "@": "hunk"}
    classes = ((kinds.get(line[:4]) or kinds.get(line[:1], "same"), line) for line in text.split("\n"))
    lines = (f'<span class="{kind}">{escape(line)}\n</span>' for kind, line in classes)
    return f'<pre class="diff">{"".join(lines)}</pre>'


def _span(found: re.Match[str]) -> str:
    text = found[found.lastgroup or 0]
    match found.lastgroup:
        case "literal" | "entity":
            return escape(unescape(text))
        case "code":
            return f"<code>{escape(text)}</code>"
        case "html":
            return f"<code>{inline(text)}</code>"
        case "bold":
            return f"<strong>{escape(text)}</strong>"
    return f'<a href="{escape(text)}" rel="noopener noreferrer">{escape(found["label"] or text)}</a>'


def _blocks(lines: list[str]) -> Iterator[str]:
    """One block after another; each takes the lines that are its own."""
    at = 0
    while at < len(lines):
        line, start = lines[at].strip(), at
        at += 1
        if fence := FENCE.fullmatch(line):
            while at < len(lines) and not lines[at].strip().startswith(fence[1]):
                at += 1
            code = "\n".join(lines[start + 1 : at])
            yield diff(code) if fence[2] == "diff" else f"<pre>{escape(code)}</pre>"
            at += 1
        elif heading := HEADING.fullmatch(line):
            level = len(heading[1]) + 1
            yield f"<h{level}>{inline(heading[2])}</h{level}>"
        elif line and (tag := DETAILS.fullmatch(line)):
            summary = "" if tag["summary"] is None else f"<summary>{inline(tag['summary'])}</summary>"
            yield (tag["tag"] or "") + summary
        elif ITEM.fullmatch(line):
            at = _while(ITEM, lines, at)
            yield f"<ul>{''.join(f'<li>{text}</li>' for text in _inner(ITEM, lines[start:at]))}</ul>"
        elif QUOTE.fullmatch(line):
            at = _while(QUOTE, lines, at)
            yield f"<blockquote>{'<br>'.join(_inner(QUOTE, lines[start:at]))}</blockquote>"
        elif line.startswith("|") and at < len(lines) and RULE.fullmatch(lines[at].strip()):
            at = _while(re.compile(r"\|.*"), lines, at)
            yield _table(lines[start], lines[start + 2 : at])
        elif line:
            at = _while(re.compile(r"(?!```|[#|>]|[-*] |\d+\. |</?(?:details|summary)>).+"), lines, at)
            yield f"<p>{'<br>'.join(inline(each.strip()) for each in lines[start:at])}</p>"


def _while(kind: re.Pattern[str], lines: list[str], at: int) -> int:
    """The first line from `at` on that is of another kind."""
    return next((number for number in range(at, len(lines)) if not kind.fullmatch(lines[number].strip())), len(lines))


def _inner(kind: re.Pattern[str], lines: list[str]) -> list[str]:
    return [inline(found[1]) for found in map(kind.fullmatch, map(str.strip, lines)) if found]


def _table(head: str, rows: list[str]) -> str:
    def cells(row: str, tag: str) -> str:
        inside = row.strip().removeprefix("|").removesuffix("|")
        return "".join(f"<{tag}>{inline(cell.strip())}</{tag}>" for cell in CELLS.split(inside))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"
