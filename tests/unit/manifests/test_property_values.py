"""For any Helm values, alone or in an Application or a HelmRelease: after `write`, all but the pin is byte-identical
and `read` gives the new version."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.manifests import formats, images
from bot.manifests.yamltext import decode, encode

tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,15}", fullmatch=True) | st.sampled_from(
    ["1.10", "1e3", "0123", "on", "null", "2025-08-05", "8202758"]
)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
versions = tags | st.builds("{}@{}".format, tags, digests)
quotes = st.sampled_from(["'", '"'])
comments = st.sampled_from(["", " # note", ' # {"$imagepolicy": "a:b:tag"}', "   "])
noise = st.lists(
    st.sampled_from(
        [
            "# -- image.tag: v0",
            "",
            "   ",
            "imagePullSecrets: [{name: 'é 🚢'}]",
            "text: >\n  folded: v0\n  text",
            "redis: {image: {repository: other, tag: 7}}",
            "config: |\n  image: other:v0\n",
            "enabled: yes\nempty:\nzero: 0644",
        ]
    ),
    max_size=3,
    unique=True,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@dataclass(frozen=True)
class Written:
    """A file whose one pin of acme/payment has its scalar between `before` and `after`."""

    file: str
    before: str
    after: str
    whole: bool = False
    """Whether the scalar is a reference, not a tag."""

    def parts(self, newline: str) -> Iterator[bytes]:
        return (part.replace("\n", newline).encode() for part in (self.before, self.after))


@st.composite
def values(draw: st.DrawFn) -> Written:
    name, nested = draw(st.sampled_from(["app", "x-y", "0"])), draw(st.integers(1, 6))
    shape = draw(st.integers(0, 5))
    tail = draw(comments) + "\n" + draw(noise)
    indent = " " * nested
    lead = [
        f"{name}:\n{indent}image:\n{indent * 2}repository: acme/payment\n{indent * 2}tag: ",
        f"{name}:\n{indent}image:\n{indent * 2}registry: acme\n{indent * 2}name:   payment\n{indent * 2}version: ",
        "appImage: acme/payment\nappImageTag: ",
        f"{name}: [{{image: {{repository: acme/payment, tag: ",
        "'image.repository': acme/payment\n'image.tag': ",
        f"{name}:\n{indent}mainImage: ",
    ][shape]
    return Written("values.yaml", draw(noise) + lead, ("}}]" if shape == 3 else "") + tail, whole=shape == 5)


@st.composite
def manifests(draw: st.DrawFn) -> Written:
    """The same values in a HelmRelease, in an Application's valuesObject, or as its text."""
    inner = draw(values())
    key, head = draw(
        st.sampled_from(
            [
                ("values:\n", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  "),
                (
                    "valuesObject:\n",
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      ",
                ),
                (
                    "values: |-\n",
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      ",
                ),
            ]
        )
    )
    indent = " " * (len(head) - head.rindex("\n") + draw(st.integers(0, 3)))
    shifted = textwrap.indent(f"{inner.before}\0{inner.after}".replace("   \n", "\n"), indent)
    before, _, after = shifted.partition("\0")
    return Written("app.yaml", f"{head}{key}{indent}first: 1\n{before}", f"{after}", whole=inner.whole)


@given(values() | manifests(), tags, versions, quotes | st.just(""), st.sampled_from(["\n", "\r\n"]))
def test_all_but_the_pin_is_byte_identical(written: Written, old: str, new: str, quote: str, newline: str) -> None:
    quote = '"' if old == "null" and not quote else quote
    lead = "acme/payment:" if written.whole else ""
    before, after = written.parts(newline)
    text = decode(before + f"{quote}{lead}{old}{quote}".encode() + after, written.file)
    (pin,) = (pin for pin in formats.find(text) if pin.image.name == "acme/payment")
    assert formats.read(text, pin).tag == old
    moved = formats.write(text, {pin: new})

    assert formats.read(moved, pin) == images.moved(pin.image, new)
    data = encode(moved)
    assert data.startswith(before)
    assert data.endswith(after)
    scalar = data[len(before) : len(data) - len(after)].decode()
    assert scalar in {f"{quote}{lead}{new}{quote}", f'"{lead}{new}"'}
    assert not quote or scalar[0] == quote or old == new


words = st.sampled_from(
    [
        *("image", "tag", "repository", "name", "value", "parameters", "helm", "source", "sources", "spec", "values"),
        *("valuesObject", "valueFiles", "valuesFrom", "images", "kustomize", "newTag", "digest", "postRenderers"),
        *("template", "generators", "list", "elements", "metadata", "annotations", "imageTag", "sha"),
    ]
)
scalars = st.sampled_from(
    [
        None,
        3,
        True,
        "",
        "v1",
        "a/b:v1",
        "acme/payment",
        "{{tag}}",
        "${X}",
        "image.tag",
        "a=b:v1",
        "image: {tag: v1}",
        "[",
    ]
)
shapes = st.recursive(
    scalars, lambda below: st.lists(below, max_size=3) | st.dictionaries(words, below, max_size=4), max_leaves=12
)
kinds = st.sampled_from(
    [
        {},
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"},
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet"},
        {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease"},
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"},
    ]
)


@given(kinds, st.dictionaries(words, shapes, max_size=5), st.sampled_from(["values.yaml", ".argocd-source-a.yaml"]))
def test_whatever_shape_it_has_a_file_is_moved_exactly_or_refused(
    kind: dict[str, str], content: dict[str, object], name: str
) -> None:
    text = decode(json.dumps(kind | content).encode(), name)
    for pin in formats.find(text):
        formats.notes(text, pin)
        try:
            moved = formats.write(text, {pin: "v9"})
        except Refusal:
            continue
        assert formats.read(moved, pin).version == "v9"
