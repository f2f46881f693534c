"""What `quarterdeck edit` plans on files of a working tree: which versions a name means, and what is refused."""

import re
import subprocess
from pathlib import Path

import pytest

from bot import edit, files
from bot.edit import Change, Plan
from bot.errors import Refusal

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def pod(*images: str, kind: str = "Pod") -> str:
    return f"kind: {kind}\nmetadata: {{name: app}}\nspec:\n  containers:\n" + "".join(
        f"    - image: {image}\n" for image in images
    )


def entries(*entries: str, above: str = "") -> str:
    return f"{above}images:\n" + "".join(f"  - {entry}\n" for entry in entries)


def write(tree: dict[str, str]) -> None:
    for name, content in tree.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)


def plan(*words: str, paths: tuple[str, ...] = (".",)) -> Plan:
    return edit.plan([edit.setting(each) for each in words], paths)


def moved(made: Plan) -> list[str]:
    """The lines that a plan changes, as file:line and what stands there then; nothing is refused."""
    assert made.refusals == []
    files.replace(made.rewrites)
    return [
        f"{each.file}:{each.line} {Path(each.file).read_text().splitlines()[each.line - 1]}" for each in made.changes
    ]


def refused(*words: str, paths: tuple[str, ...] = (".",)) -> str:
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    made = plan(*words, paths=paths)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    assert edit.as_data(made)["edits"] == []
    return "\n".join(each.why for each in made.refusals)


def test_an_image_moves_everywhere_below_a_folder_and_nothing_else_does() -> None:
    write(
        {
            "apps/payment/deployment.yaml": pod("acme/payment:v1.2.0", "acme/payment-proxy:v1.2.0", "envoy:v1.2.0"),
            "apps/payment/prod/kustomization.yaml": entries("{name: acme/payment, newTag: v1.1.0}"),
            "apps/web/deployment.yml": pod("acme/web:v1.2.0"),
            "README.md": "image: acme/payment:v1.2.0\n",
        }
    )
    made = plan("acme/payment=v1.3.0", paths=("apps",))
    assert made.changes == [
        Change("apps/payment/deployment.yaml", 5, "acme/payment", "v1.2.0", "v1.3.0"),
        Change("apps/payment/prod/kustomization.yaml", 2, "acme/payment", "v1.1.0", "v1.3.0"),
    ]
    assert moved(made) == [
        "apps/payment/deployment.yaml:5     - image: acme/payment:v1.3.0",
        "apps/payment/prod/kustomization.yaml:2   - {name: acme/payment, newTag: v1.3.0}",
    ]
    assert Path("apps/payment/deployment.yaml").read_text() == pod(
        "acme/payment:v1.3.0", "acme/payment-proxy:v1.2.0", "envoy:v1.2.0"
    )


def test_row_24_what_is_there_already_is_said_and_nothing_is_written() -> None:
    write({"a.yaml": pod("acme/payment:v1.3.0")})
    made = plan("acme/payment=v1.3.0")
    assert made.rewrites == made.changes == []
    assert edit.report(made) == "a.yaml:5  acme/payment  v1.3.0 already\nNothing to do; 1 there already."


def test_a_plan_is_told_by_line() -> None:
    write({"a.yaml": pod("acme/payment:v1.2.0", "acme/api"), "b.yaml": pod("acme/payment:v1.3.0")})
    made = plan("payment=v1.3.0", "api=v2")
    assert edit.report(made) == (
        "a.yaml:5  acme/payment  v1.2.0 -> v1.3.0\n"
        "a.yaml:6  acme/api  untagged -> v2\n"
        "b.yaml:5  acme/payment  v1.3.0 already\n"
        "2 versions moved in 1 file; 1 there already."
    )
    assert made.notes == ["acme/api was untagged (latest) in a.yaml:6."]


@pytest.mark.parametrize(
    ("version", "image"),
    [
        ("v1.3.0", "acme/payment:v1.3.0"),
        (B, f"acme/payment@{B}"),
        (f"v1.3.0@{B}", f"acme/payment:v1.3.0@{B}"),
    ],
)
def test_rows_17_and_18_a_version_is_a_tag_a_digest_or_both(version: str, image: str) -> None:
    write({"a.yaml": pod(f"acme/payment:v1.2.0@{A}")})
    assert moved(plan(f"acme/payment={version}")) == [f"a.yaml:5     - image: {image}"]


@pytest.mark.parametrize("name", ["payment", "team/payment", "reg.example:5000/team/payment"])
def test_a_name_is_whole_or_what_it_ends_with(name: str) -> None:
    write(
        {
            "a.yaml": pod(
                "reg.example:5000/team/payment:v1", "team/repayment:v1", "reg.example:5000/team/payment-proxy:v1"
            )
        }
    )
    assert moved(plan(f"{name}=v2")) == ["a.yaml:5     - image: reg.example:5000/team/payment:v2"]


def test_the_whole_name_is_meant_before_what_others_end_with() -> None:
    write({"a.yaml": pod("bitnami/nginx:1.27", "nginx:1.27")})
    assert moved(plan("nginx=1.28")) == ["a.yaml:6     - image: nginx:1.28"]


def test_an_ending_that_several_images_have_is_asked_back() -> None:
    write({"a.yaml": pod("acme/payment:v1", "mirror/payment:v1")})
    assert refused("payment=v2") == (
        "payment could be acme/payment (a.yaml:5), mirror/payment (a.yaml:6); "
        "write the whole name of the one that is meant."
    )


def test_an_entry_is_found_by_both_its_names() -> None:
    tree = {"kustomization.yaml": entries("{name: app, newName: mirror/payment, newTag: v1}")}
    for name in ("app", "mirror/payment", "payment"):
        write(tree)
        assert moved(plan(f"{name}=v2")) == [
            "kustomization.yaml:2   - {name: app, newName: mirror/payment, newTag: v2}"
        ]


def test_row_73_of_two_entries_for_one_name_the_last_moves() -> None:
    write({"kustomization.yaml": entries("{name: acme/payment, newTag: v1}", "{name: acme/payment, newTag: v2}")})
    made = plan("acme/payment=v3")
    assert moved(made) == ["kustomization.yaml:3   - {name: acme/payment, newTag: v3}"]
    assert len(made.notes) == 1


def test_a_base_without_a_tag_gets_none_where_an_entry_sets_it() -> None:
    write(
        {
            "base/pod.yaml": pod("acme/payment"),
            "prod/kustomization.yaml": entries("{name: acme/payment, newTag: v1}"),
        }
    )
    assert moved(plan("acme/payment=v2")) == ["prod/kustomization.yaml:2   - {name: acme/payment, newTag: v2}"]


def test_several_settings_move_in_one_go() -> None:
    write({"a.yaml": pod("acme/payment:v1", "acme/web:v1"), "b.yaml": pod("acme/web:v1")})
    assert moved(plan("acme/payment=v2", "web=v3")) == [
        "a.yaml:5     - image: acme/payment:v2",
        "a.yaml:6     - image: acme/web:v3",
        "b.yaml:5     - image: acme/web:v3",
    ]


def test_settings_that_contradict_each_other_are_refused() -> None:
    write({"a.yaml": pod("acme/payment:v1")})
    assert refused("acme/payment=v2", "payment=v3") == "a.yaml:5 is to be v2 and v3 at once; give it one --set."
    assert plan("acme/payment=v2", "payment=v2").refusals == []


def test_all_or_nothing() -> None:
    write({"a.yaml": pod("acme/payment:v1"), "b.yaml": pod("acme/payment:${TAG}"), "c.yaml": pod("acme/web:v1")})
    assert refused("acme/payment=v2", "wob=v2") == (
        "No image wob is in this folder; nearest: acme/web (c.yaml:5).\n"
        "b.yaml:5 is substituted when it is applied (“acme/payment:${TAG}”); set the variable where it is defined."
    )


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        pytest.param(
            {"a.yaml": pod("acme/payment:v1")},
            "No image acme/paymnet is in this folder; nearest: acme/payment (a.yaml:5).",
            id="row-30 nearest",
        ),
        pytest.param(
            {"a.yaml": pod(*(f"acme/x{n}:v1" for n in range(7)))},
            "No image acme/paymnet is in this folder; there are acme/x0 (a.yaml:5), acme/x1 (a.yaml:6), "
            "acme/x2 (a.yaml:7), acme/x3 (a.yaml:8), acme/x4 (a.yaml:9) and 2 more.",
            id="row-30 what is there",
        ),
        pytest.param(
            {"a.yaml": "kind: Service\n"},
            "No image acme/paymnet is in this folder, nor any other image.",
            id="row-30 none",
        ),
        pytest.param(
            {"a.yaml": "kind: Widget\nmetadata: {name: x}\nspec: {image: 'acme/paymnet:v1'}\n"},
            "a.yaml:3: the image at spec.image of Widget x is not a container's, so it is not edited on a guess; "
            "set it by hand.",
            id="row-11",
        ),
    ],
)
def test_what_matches_nothing_is_refused_with_what_is_there(tree: dict[str, str], said: str) -> None:
    write(tree)
    assert refused("acme/paymnet=v2") == said


TEMPLATE = "kind: Pod\nspec:\n  {{- if .Values.x }}\n  containers:\n  - image: %s:{{ .Values.tag }}\n  {{- end }}\n"


def test_row_27_a_template_that_mentions_the_image_is_refused_by_line() -> None:
    write({"a.yaml": pod("acme/payment:v1"), "templates/pod.yaml": TEMPLATE % "acme/payment"})
    (refusal,) = plan("acme/payment=v2").refusals
    assert (refusal.file, refusal.line) == ("templates/pod.yaml", 3)
    assert refusal.why == (
        "templates/pod.yaml:3 is a template (“{{ }}”), not a manifest; change the value that fills it."
    )


@pytest.mark.parametrize("other", ["acme/web", "{{ .Values.image }}", "acme/payment-proxy", "# acme/payment"])
def test_a_template_that_does_not_is_passed_over(other: str) -> None:
    write({"a.yaml": pod("acme/payment:v1"), "templates/pod.yaml": TEMPLATE % other + "# payment\n  name: payment\n"})
    assert moved(plan("acme/payment=v2")) == ["a.yaml:5     - image: acme/payment:v2"]


def test_row_63_a_broken_file_that_was_named_is_why_nothing_is_found() -> None:
    write({"a.yaml": "images: [\n"})
    assert refused("acme/payment=v2", paths=("a.yaml",)).startswith("a.yaml:2:1 is not YAML: ")


def test_row_59_what_is_no_text_is_refused_only_where_it_mentions_the_image() -> None:
    write({"a.yaml": pod("acme/payment:v1")})
    Path("b.yaml").write_bytes(b"name: caf\xe9 payment\n")
    assert moved(plan("payment=v2")) == ["a.yaml:5     - image: acme/payment:v2"]
    Path("b.yaml").write_bytes(b"# caf\xe9\nimage: acme/payment:v1\n")
    assert refused("payment=v3") == "b.yaml:1 is not UTF-8 (perhaps Windows-1252 or ISO-8859-1); save it as UTF-8."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("payment", "--set payment is not IMAGE=VERSION; write --set payment=VERSION"),
        ("acme/payment:v2", "--set acme/payment:v2 is not IMAGE=VERSION; write --set acme/payment=v2"),
        ("acme/payment:v1=v2", "--set acme/payment:v1=v2 has a version before the =; write --set acme/payment=v2"),
        ("=v2", "“” names no image; a reference is like registry.example.com/team/app:v1.2.0."),
        ("payment=", "The version is empty; a version is a tag like v1.3.0 or a digest like sha256:…."),
        ("payment=v1+2", "“+” is not allowed in an image tag (“v1+2”); did you mean v1_2?"),
        (
            "payment=acme/payment:v2",
            "“acme/payment:v2” is a whole image or a path; a version is only its tag or digest",
        ),
        ("payment=sha256:abc", "A sha256 digest has 64 lower-case hexadecimal digits; “sha256:abc” has 3."),
        ("payment=$(id)", "“$” is not allowed in an image tag (“$(id)”); letters, digits, _ . and - are."),
        ("payment=--upload-pack=x", "“--upload-pack=x” is no image tag: one starts with a letter"),
        ("Acme/Payment=v2", "“Acme/Payment” is no image reference: a repository's path is lower case"),
    ],
)
def test_rows_20_and_21_what_is_typed_wrong_is_told_with_the_right_spelling(words: str, said: str) -> None:
    with pytest.raises(Refusal, match=f"^{re.escape(said)}"):
        edit.setting(words)


BASE = {"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": pod("acme/payment:v1", "acme/api:v1")}
OVERLAY = "resources:\n  - ../base\nimages:\n  - name: acme/api\n    newTag: v1\n"


@pytest.mark.parametrize("name", ["acme/payment", "payment"])
@pytest.mark.parametrize("path", ["prod", "prod/", "./prod/kustomization.yaml"])
def test_row_74_a_missing_entry_is_added_to_the_overlay_that_was_named(path: str, name: str) -> None:
    write(BASE | {"prod/kustomization.yaml": OVERLAY})
    made = plan(f"{name}=v2", paths=(path,))
    assert edit.report(made) == ("prod/kustomization.yaml:7  acme/payment  new entry -> v2\n1 version moved in 1 file.")
    assert moved(made) == ["prod/kustomization.yaml:7     newTag: v2"]
    assert Path("prod/kustomization.yaml").read_text() == f"{OVERLAY}  - name: acme/payment\n    newTag: v2\n"
    assert made.notes == []


def test_row_75_and_images_too_where_there_is_none() -> None:
    write(BASE | {"prod/kustomization.yaml": "resources: [../base]\n"})
    assert moved(plan("payment=v2", "api=v3", paths=("prod",))) == [
        "prod/kustomization.yaml:4   newTag: v2",
        "prod/kustomization.yaml:6   newTag: v3",
    ]


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("acme/paymnet", "nearest: acme/payment (base/pod.yaml:5), acme/api (base/pod.yaml:6)."),
        ("zookeeper", "there are acme/payment (base/pod.yaml:5), acme/api (base/pod.yaml:6)."),
    ],
)
def test_row_30_no_entry_is_added_that_would_do_nothing(name: str, there: str) -> None:
    write(BASE | {"prod/kustomization.yaml": OVERLAY})
    assert refused(f"{name}=v2", paths=("prod",)) == (
        f"No image {name} is in prod/kustomization.yaml and what it builds on; {there}"
    )


def test_an_entry_whose_use_can_not_be_seen_is_added_and_said() -> None:
    write({"prod/kustomization.yaml": "resources: [github.com/acme/base]\n"})
    made = plan("acme/payment=v2", paths=("prod",))
    assert made.notes == [
        "Whether prod/kustomization.yaml builds on acme/payment can't be seen; the entry counts only if it does."
    ]
    assert moved(made) == ["prod/kustomization.yaml:4   newTag: v2"]


def test_an_entry_is_added_only_to_one_kustomization() -> None:
    write(BASE | {"prod/kustomization.yaml": OVERLAY, "staging/kustomization.yaml": OVERLAY})
    assert refused("payment=v2", paths=("prod", "staging")) == (
        "No image payment is in prod/kustomization.yaml or staging/kustomization.yaml; name the one to add it to."
    )


VALUES = "payment:\n  image:\n    tag: v1\nredis:\n  image: {tag: v1}\n"


def test_row_88_a_tag_without_an_image_is_that_of_its_component() -> None:
    write({"charts/values-prod.yaml": VALUES})
    assert moved(plan("registry.example.com/payment=v2", paths=("charts",))) == [
        "charts/values-prod.yaml:3     tag: v2"
    ]


def test_row_88_a_lone_tag_in_a_file_that_was_named_is_meant() -> None:
    write({"values-prod.yaml": "# of acme/payment\nimage:\n  tag: v1\n", "other.yaml": "image: {tag: v1}\n"})
    assert moved(plan("acme/payment=v2", paths=("values-prod.yaml",))) == ["values-prod.yaml:3   tag: v2"]


def test_lone_tags_in_several_files_are_nobodys() -> None:
    write({"payment/values.yaml": "image: {tag: v1}\n", "web/values.yaml": "image: {tag: v1}\n"})
    assert refused("acme/payment=v2", paths=("payment/values.yaml", "web/values.yaml")) == (
        "No image acme/payment is in payment/values.yaml or web/values.yaml, nor any other image."
    )


def test_what_builds_images_is_no_helm_value() -> None:
    job = "on: push\njobs:\n  test:\n    container: {image: acme/payment:v1}\n"
    write({"a.yaml": pod("acme/payment:v1"), ".github/workflows/test.yaml": job, ".gitlab-ci.yml": job})
    assert moved(plan("acme/payment=v2")) == ["a.yaml:5     - image: acme/payment:v2"]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("{image: acme/payment:v1}", "spec.image"),
        ("{imageName: acme/payment:v1}", "spec.imageName"),
        ("{image: {repository: acme/payment, tag: v1}}", "spec.image.repository"),
    ],
)
def test_row_011_an_image_that_is_no_containers_is_told(spec: str, place: str) -> None:
    write({"a.yaml": f"kind: Widget\nmetadata: {{name: x}}\nspec: {spec}\n"})
    assert refused("acme/payment=v2") == (
        f"a.yaml:3: the image at {place} of Widget x is not a container's, so it is not edited on a guess; "
        "set it by hand."
    )


WRITTEN_OUT = (
    "{{- if .Values.create }}\r\nkind: Pod\r\nspec:\r\n  containers:\r\n  - name: {{ .Values.name }}\r\n"
    "    - image: %s\r\n  - image: {{ .Values.proxy }}\r\n{{- end }}"
)


def plan_of_templates(*words: str) -> Plan:
    return edit.plan([edit.setting(each) for each in words], ["."], templates=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("acme/payment:v1", "acme/payment:v2"),
        ('"acme/payment:v1"\t# note', '"acme/payment:v2"\t# note'),
        ("'acme/payment:v1'", "'acme/payment:v2'"),
        (f"reg.example:5000/acme/payment:v1@{A} # a", "reg.example:5000/acme/payment:v2 # a"),
    ],
)
def test_row_028_a_line_of_a_template_moves_on_request(before: str, after: str) -> None:
    content = WRITTEN_OUT % before
    Path("pod.yaml").write_bytes(content.encode())
    made = plan_of_templates("payment=v2")
    assert moved(made)[0].startswith("pod.yaml:6 ")
    assert Path("pod.yaml").read_bytes() == content.replace(before, after).encode()
    assert plan_of_templates("payment=v2").rewrites == []


def test_row_028_unasked_it_is_refused() -> None:
    write({"pod.yaml": WRITTEN_OUT % "acme/payment:v1"})
    assert refused("acme/payment=v2") == (
        "pod.yaml:6 is in a template (“{{ }}”), where a line is all that can be known; "
        "to move it nevertheless, add --templates."
    )


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            "acme/payment:v1\n  - image: acme/payment:v1",
            "pod.yaml:6 is in a template that holds acme/payment in lines 6 and 7, and which of them applies can't",
        ),
        ("acme/payment:{{ .Values.tag }}", "pod.yaml:1 is a template (“{{ }}”), not a manifest; change the value"),
        ("acme/payment:$TAG", "pod.yaml:1 is a template (“{{ }}”), not a manifest; change the value"),
        ("acme/payment", "pod.yaml:1 is a template (“{{ }}”), not a manifest; change the value"),
        (
            "{{/*\n    image: acme/payment:v1 */}}",
            "pod.yaml:1 is a template (“{{ }}”), not a manifest; change the value",
        ),
    ],
    ids=["twice", "half a template", "a variable", "untagged", "in a comment"],
)
def test_row_028_anything_else_in_a_template_is_refused(lines: str, why: str) -> None:
    content = (WRITTEN_OUT % lines).replace("\r", "")
    write({"pod.yaml": content})
    made = plan_of_templates("acme/payment=v2")
    assert made.rewrites == []
    assert [each.why[: len(why)] for each in made.refusals][:1] == [why]


@pytest.mark.parametrize("line", ["acme/payment-proxy:v1", "acme/web:v1 # acme/payment:v1"])
def test_row_028_another_image_of_a_template_stays(line: str) -> None:
    write({"a.yaml": pod("acme/payment:v1"), "pod.yaml": WRITTEN_OUT % line})
    assert moved(plan_of_templates("acme/payment=v2")) == ["a.yaml:5     - image: acme/payment:v2"]


def test_json_is_as_documented() -> None:
    write({"a.yaml": pod("acme/payment:v1", "acme/web"), "t.yaml": TEMPLATE % "acme/api"})
    assert edit.as_data(plan("payment=v2", "web=v1")) == {
        "schema": "quarterdeck/edit/v1",
        "edits": [
            {"file": "a.yaml", "line": 5, "image": "acme/payment", "from": "v1", "to": "v2"},
            {"file": "a.yaml", "line": 6, "image": "acme/web", "from": None, "to": "v1"},
        ],
        "refusals": [],
    }
    template = "t.yaml:3 is a template (“{{ }}”), not a manifest; change the value that fills it."
    assert edit.as_data(plan("api=v2", "payment=v2")) == {
        "schema": "quarterdeck/edit/v1",
        "edits": [],
        "refusals": [{"file": "t.yaml", "line": 3, "why": template}],
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_a_diff_is_one_that_git_applies(ending: str) -> None:
    content = pod("acme/payment:v1").replace("\n", ending or "\n").removesuffix("" if ending else "\n").encode()
    Path("a.yaml").write_bytes(content)
    made = plan("payment=v2")
    subprocess.run(["git", "apply", "-"], input=edit.diff(made).encode(), check=True)
    assert Path("a.yaml").read_bytes() == content.replace(b":v1", b":v2")
