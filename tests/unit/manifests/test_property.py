"""For any file and pin: after `write`, all but the pin is byte-identical and `read` gives the new version."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.manifests import formats, images
from bot.manifests.yamltext import decode, encode

tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,15}", fullmatch=True) | st.sampled_from(
    ["1.10", "1e3", "0123", "on", "null", "2025-08-05", "v1.2.0"]
)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
versions = tags | digests | st.builds("{}@{}".format, tags, digests)
names = st.sampled_from(["acme/payment", "reg.example:5000/acme/payment", "payment", "localhost/a/payment"])
comments = st.sampled_from(["", " # note", ' # {"$imagepolicy": "a:b"}', "\t# tab", "   "])
noise = st.lists(
    st.sampled_from(
        [
            "# image: acme/payment:v1.2.0",
            "",
            "   ",
            "a: 'é' # 🚢",
            "b: >\n  folded\n  text\n\n",
            "c: {d: [1, ~, {e: f}]}",
            '"g": "x\\u00e9 \\\n  y"',
            "h: !x {i: 0644}",
            "? j\n: - k\n  -   l",
            "m: |+\n\n  image: acme/payment:v1.2.0\n\n",
        ]
    ),
    max_size=5,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@dataclass(frozen=True)
class Written:
    """A file whose only pin's scalar stands between `before` and `after`."""

    file: str
    before: str
    raw: str
    after: str


def quoted(value: str, quote: str) -> str:
    return f"{quote}{value}{quote}"


@st.composite
def workloads(draw: st.DrawFn) -> Written:
    value = draw(st.builds("{}{}".format, names, st.just("") | tags.map(":{}".format) | digests.map("@{}".format)))
    indent = " " * draw(st.integers(1, 5))
    lead = draw(st.sampled_from(["", "&image ", "!!str ", "&image !!str   "]))
    flow = draw(st.booleans())
    head, tail, comment = draw(noise), draw(noise), draw(comments)
    opening = f"[{{note: 'é', image: {lead}" if flow else f"\n{indent}- name: app\n{indent}  image: {lead}"
    closing = f"}}, {{image: other:v1}}]{comment}\n" if flow else f"{comment}\n{indent}- image: other:v1\n"
    start = draw(st.sampled_from(["", "---\n", "# licence\n\n---\nx: 1\n---\n"]))
    raw = quoted(value, draw(st.sampled_from(["", "'", '"'])))
    return Written("a.yaml", f"{start}kind: Pod\n{head}spec:\n containers: {opening}", raw, f"{closing}{tail}")


@st.composite
def entries(draw: st.DrawFn) -> Written:
    tag = draw(tags)
    quote = (
        draw(st.sampled_from(["'", '"'])) if tag in {"null", "Null", "NULL"} else draw(st.sampled_from(["", "'", '"']))
    )
    name, comment, head, tail = draw(names), draw(comments), draw(noise), draw(noise)
    if draw(st.booleans()):
        before, after = f"images: [{{name: {name}, newTag: ", f"}}, {{newTag: v1, name: other}}]{comment}\n"
    else:
        before, after = "images:\n-   newTag: ", f"{comment}\n    name: {name}\n-   {{name: other, newTag: v1}}\n"
    return Written("kustomization.yaml", f"{head}{before}", quoted(tag, quote), f"{after}{tail}")


@st.composite
def patches(draw: st.DrawFn) -> Written:
    """A workload written into a kustomization, in a block scalar of any indentation."""
    inner = draw(workloads())
    indent, header = " " * draw(st.integers(3, 9)), draw(st.sampled_from(["|", "|-", "|+", "&p |-", "| # note"]))
    lines = f"{inner.before}\0{inner.raw}\0{inner.after}".split("\n")
    block = "\n".join(f"{indent}{line}" if line.strip() else line for line in lines)
    before, raw, after = block.split("\0")
    tail = draw(st.sampled_from(["", "  target: {kind: Pod}\n", "images: [{name: z, newTag: v1}]\n"]))
    newline = "" if after.endswith("\n") else "\n"
    return Written("kustomization.yaml", f"patches:\n- patch: {header}\n{before}", raw, f"{after}{newline}{tail}")


@given(
    workloads() | entries() | patches(),
    versions,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_all_but_the_pin_is_byte_identical(written: Written, version: str, newline: str, mark: bytes) -> None:
    before, raw, after = (part.replace("\n", newline).encode() for part in (written.before, written.raw, written.after))
    text = decode(mark + before + raw + after, written.file)
    (pin,) = (pin for pin in formats.find(text) if pin.image.name not in {"other", "z"})
    moved = formats.write(text, {pin: version})

    assert formats.read(moved, pin) == images.moved(pin.image, version)
    (found,) = (pin for pin in formats.find(moved) if pin.image.name not in {"other", "z"})
    assert found.image == images.moved(pin.image, version)

    data = encode(moved)
    if pin.format == "kustomize" and ":" in version and "@" not in version:
        before = before.removesuffix(b"newTag: ") + b"digest: "
    assert data.startswith(mark + before)
    assert data.endswith(after)
    new = data[len(mark + before) : len(data) - len(after)].decode()
    value = version if pin.format == "kustomize" else str(images.moved(pin.image, version))
    assert new in {quoted(value, written.raw[0]) if written.raw[0] in "'\"" else value, quoted(value, '"')}
    assert written.raw[0] not in "'\"" or new[0] == written.raw[0]
