"""What the text of a plain overlay tells is what reading it as YAML tells."""

from hypothesis import example, given
from hypothesis import strategies as st
from trees import Files

from bot.errors import Refusal
from bot.model.catalog import Place, Target
from bot.pins import plain
from bot.pins.look import Look

FOLDER = "overlays/payment"
FILE = f"{FOLDER}/kustomization.yaml"
REST = {"base/kustomization.yaml": "resources: []\n", f"{FOLDER}/config.yaml": "kind: ConfigMap\n"}
IMAGES = "images:\n- name: acme/payment\n  newTag: v1.0.0\n"
TARGET = Target("payment", "production", "config", (FOLDER,))


def both(files: dict[str, str], target: Target = TARGET) -> tuple[str | None, str | None]:
    tree = Files(REST | files)
    try:
        looked = Look(tree, target).version()
    except Refusal:
        looked = None
    return plain.version(tree, target), looked


names = st.sampled_from(("payment", "acme/payment", "acme/api", "r.example.com/a-b/payment", "a__b", "null", "-x", "5"))
versions = st.sampled_from(("v1.0.0", "1.10", "yes", "null", "~", "v1@x", "a/b", "a:", "{{ x }}", "$(X)", "", "é", "-"))
digests = st.sampled_from(("sha256:" + "a" * 64, "sha256:" + "A" * 64, "sha256:1"))
quotes = st.sampled_from(("", "", '"', "'"))
ends = st.sampled_from(
    ("\n", "\n", "\n", " # newTag: v9\n", "\n# - name: payment\n", "\n\n", "\r\n", " \n", "#\n", "\t\n")
)
indents = st.sampled_from(("", "", "  ", " "))


@st.composite
def fields(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(("name", "newTag", "newTag", "newName", "digest", "other")))
    value = draw({"newTag": versions, "digest": digests}.get(field, names))
    quote = draw(quotes)
    return f"{field}: {quote}{value}{quote}{draw(ends)}"


@st.composite
def entries(draw: st.DrawFn, indent: str) -> str:
    first, *others = draw(st.lists(fields(), min_size=1, max_size=3))
    wrong = draw(st.sampled_from(("", "", "", "", " ")))
    return f"{indent}- {first}" + "".join(f"{indent}  {wrong}{other}" for other in others)


@st.composite
def sections(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("images", "images", "images", "resources", "other")))
    end, indent = draw(ends), draw(indents)
    if kind == "images":
        ours = f"{indent}- name: acme/payment\n{indent}  newTag: v1.0.0{draw(ends)}"
        return f"images:{end}" + "".join(
            draw(st.lists(st.one_of(st.just(ours), entries(indent)), min_size=1, max_size=2))
        )
    if kind == "resources":
        named = (
            "../../base",
            "config.yaml",
            "none.yaml",
            "../..",
            "/etc",
            ".",
            "https://x.org/y",
            "../../../x",
            "null",
        )
        listed = draw(st.lists(st.sampled_from(named[:2]) | st.sampled_from(named), min_size=1, max_size=3))
        return f"resources:{end}" + "".join(f"{indent}- {each}{draw(ends)}" for each in listed)
    return draw(
        st.sampled_from(
            (
                "apiVersion: kustomize.config.k8s.io/v1beta1\n",
                "kind: Kustomization\n",
                "kind: Pod\n",
                "namespace: payment\n",
                "namespace: payment\n  more\n",
                "metadata:\n  name: x\n",
                "commonLabels:\n  app: payment\n   more: x\n",
                "commonLabels:\n  image: acme/payment:v3\n",
                "---\n",
                "...\n",
                "components:\n- ../../base\n",
                "patches:\n- path: config.yaml\n",
                "images: []\n",
                "# images:\n",
            )
        )
    )


@given(st.lists(sections(), min_size=1, max_size=4).map("".join), st.sampled_from((None, "acme/payment", "acme/api")))
@example(IMAGES, None)
@example(IMAGES.rstrip("\n"), None)
def test_what_the_text_tells_is_what_a_look_tells(content: str, image: str | None) -> None:
    target = Target("payment", "production", "config", (FOLDER,), image=image)
    told, looked = both({FILE: content}, target)
    assert told in {None, looked}


HEAD = "---\n# who\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: 'payment'\n"
LISTED = "\nresources:\n  - ../../base # all\n  # - more\n  - config.yaml\ncommonLabels:\n  app: payment\n"
ENTRIES = (
    'images:\n  - name: sidecar\n    newTag: v9\n  - newTag: "1.10" # {"$imagepolicy": "x"}\n    name: acme/payment'
)
OVERLAY = HEAD + LISTED + ENTRIES


@given(
    st.integers(0, len(OVERLAY)),
    st.integers(0, 6),
    st.text(st.sampled_from(" \n-:#'\"{}[]&*!|>%@`\t\r~.$x1é"), max_size=3),
)
def test_one_wrong_stroke_is_never_misread(start: int, gone: int, come: str) -> None:
    told, looked = both({FILE: OVERLAY[:start] + come + OVERLAY[start + gone :]})
    assert told in {None, looked}


def test_a_plain_overlay_needs_no_look() -> None:
    assert both({FILE: OVERLAY}) == ("1.10", "1.10")
    digest = "sha256:" + "a" * 64
    renamed = f"images:\n- name: payment\n  newName: r.io/acme/pay\n  newTag: v2\n  digest: {digest}\n"
    assert both({FILE: renamed}) == (f"v2@{digest}",) * 2


def test_what_stands_beside_the_text_is_for_a_look() -> None:
    base = {FILE: f"resources:\n- ../../base\n{IMAGES}"}
    assert both(base) == ("v1.0.0", "v1.0.0")
    overridden = base | {f"{FOLDER}/.argocd-source-payment.yaml": "kustomize: {images: ['acme/payment:v2']}\n"}
    assert both(overridden) == (None, "v2")
    assert both(base | {f"{FOLDER}/kustomization.yml": "resources: []\n"}) == (None, None)
    assert both({FILE: f"resources:\n- gone.yaml\n{IMAGES}"}) == (None, None)
    assert both({FILE: IMAGES + "- name: acme/payment\n  newTag: v2\n"}) == (None, "v2")
    assert both({FILE: IMAGES + "- name: other/payment\n  newTag: v2\n"}) == (None, None)
    pinned = Target("payment", "production", "config", (FOLDER,), pins=(Place("images[0].newTag"),))
    assert both(base, pinned)[0] is None
