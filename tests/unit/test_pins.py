import pytest
from trees import Files

from bot import pins
from bot.errors import Refusal
from bot.model.catalog import Place, Target
from bot.model.change import Edit
from bot.pins import Plan

OVERLAY = "environments/production/payment"
KUSTOMIZATION = f"{OVERLAY}/kustomization.yaml"
DIGEST = "sha256:" + "a" * 64


def target(image: str | None = None, *folders: str, namespace: str | None = None) -> Target:
    return Target("payment", "production", "config", folders or (OVERLAY,), image=image, namespace=namespace)


def pod(*images: str, kind: str = "Deployment", name: str = "payment", namespace: str = "") -> str:
    metadata = f"{{name: {name}" + (f", namespace: {namespace}}}" if namespace else "}")
    containers = "".join(f"        - image: {image}\n" for image in images)
    return f"kind: {kind}\nmetadata: {metadata}\nspec:\n  template:\n    spec:\n      containers:\n{containers}"


def overlay(extra: str = "", base: str = "") -> dict[str, str]:
    return {
        KUSTOMIZATION: f"resources:\n- ../../../base\n{extra}",
        "base/kustomization.yaml": "resources: [deployment.yaml]\n",
        "base/deployment.yaml": base or pod("acme/payment:v1.0.0"),
    }


def images(*entries: str) -> str:
    return "images:\n" + "".join(f"- {entry}\n" for entry in entries)


def refused(files: dict[str, str], to: Target | None = None, version: str = "v1.3.0") -> str:
    with pytest.raises(Refusal) as refusal:
        pins.plan(Files(files), to or target(), version)
    return str(refusal.value)


def moved(files: dict[str, str], to: Target | None = None, version: str = "v1.3.0") -> dict[str, tuple[str, str]]:
    """The lines that changed, by file."""
    lines = {}
    for edit in pins.plan(Files(files), to or target(), version).edits:
        assert edit.before is not None
        assert edit.after is not None
        assert edit.before.decode() == files[edit.path]
        before, after = edit.before.decode().splitlines(), edit.after.decode().splitlines()
        old = [line.strip() for line in before if line not in after]
        new = [line.strip() for line in after if line not in before]
        lines[edit.path] = ("; ".join(old), "; ".join(new))
    return lines


def test_row_1_a_plain_manifest_is_moved() -> None:
    file = f"{OVERLAY}/deployment.yaml"
    before = pod("acme/payment:v1.2.0")
    tree = Files({file: before, f"{OVERLAY}/service.yaml": "kind: Service\n"})
    after = before.replace("v1.2.0", "v1.3.0").encode()
    assert pins.current(tree, target()) == "v1.2.0"
    assert pins.plan(tree, target(), "v1.3.0").edits == (Edit(file, before.encode(), after),)


def test_row_24_what_is_there_already_needs_no_edit() -> None:
    files = overlay(images("{name: acme/payment, newTag: v1.3.0}"))
    assert pins.plan(Files(files), target(), "v1.3.0").edits == ()


def test_each_file_is_read_once_for_its_text() -> None:
    tree = Files(
        {f"{OVERLAY}/a.yaml": pod("acme/payment:v1", "acme/payment:v1"), f"{OVERLAY}/b.yaml": "kind: Service\n"}
    )
    pins.plan(tree, target(), "v2")
    assert sorted(path for path in tree.reads if path in tree.content) == [f"{OVERLAY}/a.yaml", f"{OVERLAY}/b.yaml"]


def test_a_folder_that_is_not_there_has_no_version() -> None:
    assert pins.current(Files({"a": ""}), target()) is None
    assert refused({"a": ""}) == (
        "payment in production has no folder environments/production/payment in the repository."
    )


def test_row_14_an_untagged_image_is_at_latest() -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/payment")}
    assert pins.current(Files(files), target()) == "latest"
    assert moved(files) == {f"{OVERLAY}/a.yaml": ("- image: acme/payment", "- image: acme/payment:v1.3.0")}


@pytest.mark.parametrize(
    ("image", "entry"),
    [
        pytest.param(None, "{name: acme/payment, newTag: v1.2.0}", id="row-64 by the service's name"),
        pytest.param("acme/payment", "{name: acme/payment, newTag: v1.2.0}", id="row-64 by the configured image"),
        pytest.param(
            "acme/payment", "{name: acme/payment, newName: mirror/x, newTag: v1.2.0}", id="row-64 by its old name"
        ),
        pytest.param(
            "mirror/x", "{name: acme/payment, newName: mirror/x, newTag: v1.2.0}", id="row-64 by its new name"
        ),
    ],
)
def test_an_images_entry_decides_over_the_base(image: str | None, entry: str) -> None:
    files = overlay(images(entry))
    assert pins.current(Files(files), target(image)) == "v1.2.0"
    assert moved(files, target(image)) == {KUSTOMIZATION: (f"- {entry}", f"- {entry.replace('v1.2.0', 'v1.3.0')}")}


def test_an_images_entry_is_enough_so_that_the_base_is_not_read() -> None:
    tree = Files(overlay(images("{name: acme/payment, newTag: v1.2.0}")))
    pins.current(tree, target())
    assert "base/deployment.yaml" not in tree.reads


def test_row_72_an_images_entry_decides_over_a_patch() -> None:
    files = overlay("patches: [{path: image.yaml}]\n" + images("{name: acme/payment, newTag: v1.2.0}"))
    files[f"{OVERLAY}/image.yaml"] = pod("acme/payment:v1.1.0")
    assert pins.current(Files(files), target()) == "v1.2.0"
    assert list(moved(files)) == [KUSTOMIZATION]


def test_row_73_of_two_entries_for_one_name_the_last_decides() -> None:
    files = overlay(images("{name: acme/payment, newTag: v1}", "{name: acme/payment, newTag: v2}"))
    assert pins.current(Files(files), target()) == "v2"
    assert moved(files) == {
        KUSTOMIZATION: ("- {name: acme/payment, newTag: v2}", "- {name: acme/payment, newTag: v1.3.0}")
    }


def test_row_80_a_patch_file_decides_over_the_base() -> None:
    files = overlay("patches: [{path: image.yaml}]\n")
    files[f"{OVERLAY}/image.yaml"] = pod("acme/payment:v1.2.0")
    assert pins.current(Files(files), target()) == "v1.2.0"
    assert list(moved(files)) == [f"{OVERLAY}/image.yaml"]


PATCH = pod("acme/payment:v1.2.0")
INDENTED = PATCH.replace("\n", "\n    ").rstrip()
OPERATION = "{op: replace, path: /spec/template/spec/containers/0/image, value: 'acme/payment:v1.2.0'}"


@pytest.mark.parametrize(
    ("extra", "patch"),
    [
        pytest.param("patches: [{path: p.yaml}]\n", PATCH, id="row-080"),
        pytest.param("patchesStrategicMerge: [p.yaml]\n", PATCH, id="row-080 patchesStrategicMerge"),
        pytest.param(f"patches:\n- patch: |-\n    {INDENTED}\n", "", id="row-081"),
        pytest.param(f"patchesStrategicMerge:\n- |-\n    {INDENTED}\n", "", id="row-081 patchesStrategicMerge"),
        pytest.param("patches: [{path: p.yaml}]\n", f"- {OPERATION}\n", id="row-082 file"),
        pytest.param("patches: [{path: p.yaml}]\n", f"[{OPERATION}]\n", id="row-082 file in flow style"),
        pytest.param(f"patches:\n- patch: |-\n    - {OPERATION}\n  target: {{kind: Deployment}}\n", "", id="row-082"),
        pytest.param(f"patchesJson6902:\n- patch: |-\n    - {OPERATION}\n", "", id="row-082 patchesJson6902"),
        pytest.param(f'patches:\n- patch: "- {OPERATION}"\n', "", id="row-082 on one line"),
    ],
)
def test_rows_80_to_82_a_patch_decides_over_the_base_and_is_edited_where_it_stands(extra: str, patch: str) -> None:
    files = {**overlay(extra), f"{OVERLAY}/p.yaml": patch}
    assert pins.current(Files(files), target()) == "v1.2.0"
    (edit,) = pins.plan(Files(files), target(), "v1.3.0").edits
    assert edit.path == (f"{OVERLAY}/p.yaml" if patch else KUSTOMIZATION)
    assert edit.after == files[edit.path].replace("v1.2.0", "v1.3.0").encode()


def test_row_82_an_operation_for_another_image_is_not_taken_for_the_services() -> None:
    files = overlay("patches:\n- patch: '[{op: add, path: /spec/template/spec/containers/1/image, value: envoy:v9}]'\n")
    assert pins.current(Files(files), target()) == "v1.0.0"


def test_row_82_an_operation_on_a_helm_releases_values_decides_over_the_base() -> None:
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: payment}\n"
    values = "spec: {values: {image: {repository: acme/payment, tag: v1.0.0}}}\n"
    operation = "{op: replace, path: /spec/values/image/tag, value: v1.2.0}"
    files = overlay(f"patches:\n- target: {{kind: HelmRelease}}\n  patch: |-\n    - {operation}\n", release + values)
    assert pins.current(Files(files), target()) == "v1.2.0"
    assert list(moved(files)) == [KUSTOMIZATION]


def test_row_72_an_entry_for_a_name_that_a_patch_replaces_counts_for_nothing() -> None:
    """Tried: `kubectl kustomize` patches before it looks for the images of `images:`."""
    files = overlay("patches: [{path: p.yaml}]\n" + images("{name: acme/payment, newTag: v9}"))
    files[f"{OVERLAY}/p.yaml"] = pod("mirror/payment:v1.2.0")
    assert pins.current(Files(files), target()) == "v1.2.0"
    assert list(moved(files)) == [f"{OVERLAY}/p.yaml"]


def test_patches_of_other_fields_are_no_obstacle() -> None:
    files = overlay("patches:\n- path: p.yaml\n- patch: |-\n    - {op: remove, path: /spec/replicas}\n")
    files[f"{OVERLAY}/p.yaml"] = "kind: Deployment\nspec: {replicas: 2}\n"
    assert pins.current(Files(files), target()) == "v1.0.0"


@pytest.mark.parametrize(("version", "field"), [("v1.3.0", "newTag: v1.3.0"), (DIGEST, f"digest: {DIGEST}")])
@pytest.mark.parametrize(
    ("extra", "added"),
    [
        pytest.param(images("{name: envoy, newTag: v1}"), "- {name: acme/payment, %s}\n", id="row-074 flow"),
        pytest.param("images:\n  - name: e\n    newTag: v1\n", "  - name: acme/payment\n    %s\n", id="row-074"),
        pytest.param("", "images:\n- name: acme/payment\n  %s\n", id="row-075"),
    ],
)
def test_rows_74_and_75_a_base_is_never_edited_and_the_missing_entry_is_inserted(
    extra: str, added: str, version: str, field: str
) -> None:
    files = overlay(extra)
    assert pins.current(Files(files), target()) == "v1.0.0"
    before = files[KUSTOMIZATION]
    base = "base/deployment.yaml:7"
    note = f"{KUSTOMIZATION} gets an entry for acme/payment in images:, since {base} may feed other environments."
    edit = Edit(KUSTOMIZATION, before.encode(), (before + added % field).encode())
    assert pins.plan(Files(files), target(), version) == Plan((edit,), (note,))


def test_row_74_every_folder_of_the_target_gets_the_entry() -> None:
    files = overlay()
    files["environments/us/payment/kustomization.yaml"] = files[KUSTOMIZATION]
    found = pins.plan(Files(files), target(None, OVERLAY, "environments/us/payment"), "v1.3.0").edits
    assert [edit.path for edit in found] == [KUSTOMIZATION, "environments/us/payment/kustomization.yaml"]


def test_row_74_the_entry_is_for_the_name_that_the_base_makes_of_the_image() -> None:
    files = overlay(base=pod("app"))
    files["base/kustomization.yaml"] += images("{name: app, newName: reg/payment, newTag: v1}")
    (edit,) = pins.plan(Files(files), target(), "v2").edits
    assert edit.after == (files[KUSTOMIZATION] + "images:\n- name: reg/payment\n  newTag: v2\n").encode()


def test_row_24_a_base_that_is_there_already_needs_no_entry() -> None:
    assert pins.plan(Files(overlay()), target(), "v1.0.0").edits == ()


def test_row_78_a_component_elsewhere_is_read_and_not_edited() -> None:
    files = overlay("components: [../../../component]\n", base=pod("other:v1"))
    files["component/kustomization.yaml"] = "kind: Component\n" + images("{name: acme/payment, newTag: v2}")
    assert pins.current(Files(files), target()) == "v2"
    assert list(moved(files)) == [KUSTOMIZATION]


def test_bases_that_name_each_other_end() -> None:
    files = overlay()
    files["base/kustomization.yaml"] = f"resources: [deployment.yaml, ../{OVERLAY}]\n"
    assert pins.current(Files(files), target()) == "v1.0.0"


@pytest.mark.parametrize("to", [target("acme/payment"), target()])
def test_row_2_and_5_neighbours_stay(to: Target) -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/payment-proxy:v1.2.0", "acme/payment:v1.2.0", "envoy:v1.2.0", "x/y:v1.2.0")}
    assert moved(files, to) == {f"{OVERLAY}/a.yaml": ("- image: acme/payment:v1.2.0", "- image: acme/payment:v1.3.0")}


def test_the_only_image_is_meant_whatever_it_is_called() -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/shop:v1", "acme/shop:v1"), f"{OVERLAY}/b.yaml": "kind: Service\n"}
    assert pins.current(Files(files), target()) == "v1"


def test_an_entry_that_renames_the_only_image_of_the_base_is_meant() -> None:
    files = overlay(images("{name: app, newName: reg/shop, newTag: v2}"), base=pod("app"))
    assert pins.current(Files(files), target()) == "v2"


def test_the_only_entry_is_not_the_only_image_if_the_base_has_another() -> None:
    files = overlay(images("{name: envoy, newTag: v1}"), base=pod("acme/shop:v1", "envoy"))
    assert refused(files) == (
        f"No image of payment is in {OVERLAY}; there are envoy ({KUSTOMIZATION}:4), "
        "acme/shop (base/deployment.yaml:7), envoy (base/deployment.yaml:8). "
        "Set services.payment.image to the one that is meant."
    )


def test_row_30_nothing_matches() -> None:
    files = overlay()
    assert refused(files, target("acme/paiment")) == (
        f"No image of acme/paiment is in {OVERLAY}; nearest: acme/payment (base/deployment.yaml:7). "
        "Set services.payment.image to the one that is meant."
    )


def test_row_30_a_folder_without_containers() -> None:
    assert refused({f"{OVERLAY}/a.yaml": "kind: Service\n"}) == (
        f"No image of payment is in {OVERLAY}: no container is declared there; check environments.production.path."
    )


def test_several_images_could_be_meant() -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/payment:v1", "legacy/payment:v1")}
    assert refused(files) == (
        f"Several images in {OVERLAY} could be payment's: acme/payment ({OVERLAY}/a.yaml:7), "
        f"legacy/payment ({OVERLAY}/a.yaml:8); set services.payment.image to the one that is meant."
    )
    assert pins.current(Files(files), target("legacy/payment")) == "v1"


def test_row_3_pins_that_disagree_are_neither_read_nor_moved() -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/payment:v1.1.9", "acme/payment:v1.2.0")}
    why = (
        f"payment has 2 current versions in production: v1.1.9 ({OVERLAY}/a.yaml:7), v1.2.0 ({OVERLAY}/a.yaml:8); "
        "set them to one in Git first."
    )
    assert refused(files) == why
    with pytest.raises(Refusal, match="2 current versions"):
        pins.current(Files(files), target())


def test_row_11_an_image_that_is_no_containers() -> None:
    files = {f"{OVERLAY}/a.yaml": "kind: Widget\nmetadata: {name: x}\nspec:\n  image: acme/payment:v1.2.0\n"}
    assert refused(files) == (
        f"Widget x: the image at spec.image ({OVERLAY}/a.yaml:4) is not a container's, so it is not edited on a guess; "
        "add it to services.payment.pins."
    )


def test_row_29_one_name_in_two_namespaces() -> None:
    one, two = (pod("acme/payment:v1.2.0", namespace=namespace) for namespace in ("a", "b"))
    files = {f"{OVERLAY}/a.yaml": f"{one}---\n{two}"}
    assert refused(files) == (
        f"payment is in several namespaces: acme/payment ({OVERLAY}/a.yaml:7), acme/payment ({OVERLAY}/a.yaml:15); "
        "set services.payment.namespace to the one that is meant."
    )
    (edit,) = pins.plan(Files(files), target(namespace="b"), "v1.3.0").edits
    assert edit.after == f"{one}---\n{two.replace('v1.2.0', 'v1.3.0')}".encode()


def test_row_4_two_objects_in_one_target_move_together() -> None:
    files = {f"{OVERLAY}/{name}.yaml": pod("acme/payment:v1.2.0", name=name) for name in ("api", "worker")}
    assert sorted(moved(files)) == [f"{OVERLAY}/api.yaml", f"{OVERLAY}/worker.yaml"]


def test_row_85_all_folders_of_a_target_move_together() -> None:
    files = {f"{folder}/a.yaml": pod("acme/payment:v1.2.0") for folder in ("eu", "us", "asia")}
    assert sorted(moved(files, target(None, "eu", "us", "gone"))) == ["eu/a.yaml", "us/a.yaml"]


def test_row_63_a_broken_file_anywhere_in_the_target_stops_everything() -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/payment:v1.2.0"), f"{OVERLAY}/b.yaml": "image: [\n"}
    assert refused(files) == f"{OVERLAY}/b.yaml:2:1 is not YAML: did not find expected node content."


def test_row_63_a_broken_file_is_told_before_what_is_missing() -> None:
    assert (
        refused({f"{OVERLAY}/a.yaml": "a: [\n"})
        == f"{OVERLAY}/a.yaml:2:1 is not YAML: did not find expected node content."
    )


def test_row_20_an_illegal_version_is_refused_first() -> None:
    assert refused({}, version="v1.3.0+build5").endswith("did you mean v1.3.0_build5?")


def test_locate_tells_where_the_version_stands() -> None:
    files = overlay(images("{name: acme/payment, newTag: v1.2.0}"))
    (pin,) = pins.locate(Files(files), target())
    assert (pin.file, pin.line, pin.path) == (KUSTOMIZATION, 4, ("images", 0, "newTag"))


def test_row_18_a_version_with_tag_and_digest_keeps_both() -> None:
    file = f"{OVERLAY}/a.yaml"
    tree = Files({file: pod(f"acme/payment:v1.5.0@{DIGEST}")})
    assert pins.current(tree, target()) == f"v1.5.0@{DIGEST}"
    assert pins.plan(tree, target(), f"v1.5.0@{DIGEST}").edits == ()
    plain = {file: pod("acme/payment:v1.3.0")}
    assert moved(plain, version=f"v1.5.0@{DIGEST}")[file][1] == f"- image: acme/payment:v1.5.0@{DIGEST}"


def test_row_78_the_last_component_with_an_entry_decides_over_the_base() -> None:
    files = overlay("components: [../../../one, ../../../two, ../../../three]\n")
    files |= {
        f"{name}/kustomization.yaml": "kind: Component\n" + images(entry)
        for name, entry in (
            ("one", "{name: acme/payment, newTag: v1.1.0}"),
            ("two", "{name: acme/payment, newTag: v1.2.0}"),
            ("three", "{name: other, newTag: v9}"),
        )
    }
    assert pins.current(Files(files), target()) == "v1.2.0"
    assert list(moved(files)) == [KUSTOMIZATION]
    files[KUSTOMIZATION] += images("{name: acme/payment, newTag: v1.3.0}")
    assert pins.current(Files(files), target()) == "v1.3.0"


def test_row_78_a_component_of_this_environment_alone_is_edited() -> None:
    files = overlay("components: [pinned]\n")
    file = f"{OVERLAY}/pinned/kustomization.yaml"
    files[file] = "kind: Component\n" + images("{name: acme/payment, newTag: v1.2.0}")
    assert moved(files) == {
        file: ("- {name: acme/payment, newTag: v1.2.0}", "- {name: acme/payment, newTag: v1.3.0}"),
    }


def test_row_78_a_workload_that_a_component_brings_stands_beside_the_base() -> None:
    files = overlay("components: [../../../worker]\n")
    files["worker/kustomization.yaml"] = "kind: Component\nresources: [worker.yaml]\n"
    files["worker/worker.yaml"] = pod("acme/payment:v1.1.0", name="worker")
    assert "2 current versions in production: v1.1.0 (worker/worker.yaml:7), v1.0.0 (base/" in refused(files)


REPLACEMENT = """\
replacements:
- source: {kind: ConfigMap, name: versions, fieldPath: data.payment}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [spec.template.spec.containers.0.image]
    options: %s
"""


@pytest.mark.parametrize("options", ["{delimiter: ':', index: 1}", "{}", "null"])
def test_row_83_a_replacement_of_the_version_is_refused_since_it_decides_over_images(options: str) -> None:
    """Tried: `kubectl kustomize` replaces after `images:`, so an edit there would change nothing that runs."""
    entry = images("{name: acme/payment, newTag: v1.2.0}")
    files = overlay(entry + REPLACEMENT % options)
    assert refused(files) == (
        f"{KUSTOMIZATION}:9 sets an image by a replacement, which decides over images:; "
        "change the version in data.payment of ConfigMap versions, where that takes it from."
    )
    own = overlay(entry + "replacements: [{path: replacement.yaml}]\n")
    own[f"{OVERLAY}/replacement.yaml"] = (REPLACEMENT % options).partition("\n")[2].replace("\n  ", "\n").lstrip("- ")
    assert refused(own).startswith(f"{OVERLAY}/replacement.yaml:4 sets an image by a replacement")


@pytest.mark.parametrize("options", ["{delimiter: /, index: 0}", "{delimiter: /}", "{delimiter: ':', index: 0}"])
def test_row_83_a_replacement_of_the_registry_is_no_obstacle(options: str) -> None:
    files = overlay(images("{name: acme/payment, newTag: v1.2.0}") + REPLACEMENT % options)
    assert list(moved(files)) == [KUSTOMIZATION]


def test_row_73_the_entry_that_counts_for_nothing_is_told() -> None:
    files = overlay(images("{name: acme/payment, newTag: v1}", "{name: acme/payment, newTag: v2}"))
    assert pins.plan(Files(files), target(), "v3").notes == (
        f"acme/payment has several entries in images:; the last one, {KUSTOMIZATION}:5, counts, not {KUSTOMIZATION}:4.",
    )


def test_row_14_that_the_image_was_untagged_is_told() -> None:
    files = {f"{OVERLAY}/a.yaml": pod("acme/payment")}
    assert pins.plan(Files(files), target(), "v3").notes == (
        f"acme/payment was untagged (latest) in {OVERLAY}/a.yaml:7.",
    )


def test_rows_50_and_51_who_else_uses_the_value_is_told() -> None:
    file = f"{OVERLAY}/a.yaml"
    files = {file: pod("&img acme/payment:v1.2.0") + "      initContainers:\n        - image: *img\n"}
    assert moved(files)[file] == ("- image: &img acme/payment:v1.2.0", "- image: &img acme/payment:v1.3.0")
    assert pins.plan(Files(files), target(), "v3").notes == (
        f"The value of {file}:7 is used by a YAML alias in {file}:9 as well.",
    )


VALUES = "# of payment\nimage:\n  repository: acme/payment\n  tag: v1.2.0 # here\nother: {tag: v9}\n"


def test_row_86_helm_values_are_read_and_moved() -> None:
    files = {f"{OVERLAY}/values.yaml": VALUES, f"{OVERLAY}/job.yaml": pod("busybox:v1", kind="Job")}
    assert pins.current(Files(files), target()) == "v1.2.0"
    assert moved(files) == {f"{OVERLAY}/values.yaml": ("tag: v1.2.0 # here", "tag: v1.3.0 # here")}


@pytest.mark.parametrize("chart", ["valuesInline: {image: {tag: v1.2.0}}", "valuesFile: values.yaml"])
def test_row_86_values_of_a_kustomizations_charts_are_read_and_moved(chart: str) -> None:
    files = {KUSTOMIZATION: f"helmCharts:\n- name: payment\n  {chart}\n", f"{OVERLAY}/values.yaml": VALUES}
    assert pins.current(Files(files), target()) == "v1.2.0"
    (edit,) = pins.plan(Files(files), target(), "v1.3.0").edits
    assert edit.after == files[edit.path].replace("v1.2.0", "v1.3.0").encode()


def test_row_88_versions_without_a_name_are_taken_if_there_is_one() -> None:
    files = {f"{OVERLAY}/values.yaml": "image: {tag: v1.2.0}\n"}
    assert pins.current(Files(files), target("acme/payment")) == "v1.2.0"
    files[f"{OVERLAY}/values.yaml"] += "worker: {image: {tag: v1.2.0}}\n"
    assert refused(files) == (
        f"Several versions in {OVERLAY} could be payment's: image ({OVERLAY}/values.yaml:1), "
        f"worker.image ({OVERLAY}/values.yaml:2); set services.payment.pins to the one that is meant."
    )


def test_row_88_a_version_without_a_name_is_the_configured_images() -> None:
    files = Files({f"{OVERLAY}/values.yaml": "image: {tag: v1.2.0}\n"})
    assert [pin.image.name for pin in pins.locate(files, target("acme/payment"))] == ["acme/payment"]
    assert [pin.image.name for pin in pins.locate(files, target())] == [""]


def test_row_90_of_an_umbrella_charts_versions_the_services_is_taken() -> None:
    files = {f"{OVERLAY}/values.yaml": "redis: {image: {tag: v7}}\npayment: {image: {tag: v1.2.0}}\n"}
    assert pins.current(Files(files), target()) == "v1.2.0"


def at(path: str, file: str | None = "values.yaml", document: int | None = None) -> Target:
    return Target("payment", "production", "config", (OVERLAY,), pins=(Place(path, file, document),))


@pytest.mark.parametrize(
    ("content", "path", "version"),
    [
        ("a: {tag: v1.2.0}\nb: {tag: v9}\n", "a.tag", "v1.2.0"),
        ("images:\n- {tag: v9}\n- {tag: v1.2.0}\n", "images[1].tag", "v1.2.0"),
        ("a:\n  run: acme/x:v1.2.0\n", "a.run", "v1.2.0"),
        (f"a:\n  run: {DIGEST}\n", "a.run", DIGEST),
        ("payment:\n  repository: acme/x\n  tag: v1.2.0\n", "payment", "v1.2.0"),
        pytest.param('"image.tag": v1.2.0\n', "image.tag", "v1.2.0", id="row-091 a key with the dot"),
        pytest.param('"image.tag": v9\nimage: {tag: v1.2.0}\n', "image.tag", "v1.2.0", id="row-091 nested first"),
        pytest.param("kind: Widget\nspec: {image: acme/x:v1.2.0}\n", "spec.image", "v1.2.0", id="row-011"),
    ],
)
def test_a_configured_place_is_read_and_moved(content: str, path: str, version: str) -> None:
    files = {f"{OVERLAY}/values.yaml": content, f"{OVERLAY}/broken.yaml": "image: ["}
    assert pins.current(Files(files), at(path)) == version
    new = version.replace("v1.2.0", "v1.3.0").replace("aaa", "bbb")
    (edit,) = pins.plan(Files(files), at(path), new).edits
    assert edit.after == content.replace(version, new).encode()


def test_a_configured_place_may_name_the_document() -> None:
    files = {f"{OVERLAY}/values.yaml": "tag: v1\n---\ntag: v2\n"}
    assert pins.current(Files(files), at("tag")) == "v1"
    assert pins.current(Files(files), at("tag", document=1)) == "v2"


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (at("imgae.tag"), "services.payment.pins[0]: {}/values.yaml has no imgae.tag; did you mean image.tag?"),
        (at("x.y.z"), "services.payment.pins[0]: {}/values.yaml has no x.y.z; it has image, image.tag, image.empty."),
        (at("image.empty"), "services.payment.pins[0]: image.empty in {}/values.yaml holds no version"),
        (at("tag", "v.yaml"), "services.payment.pins[0]: {}/v.yaml is not a file of the repository."),
        (at("tag", "../../../../x"), "services.payment.pins[0]: ../../../../x leads out of the repository."),
        (at("tag", None), "services.payment.pins[0]: it names no file, and {} is a folder; say which file it is."),
        (at("image..tag"), "services.payment.pins[0]: “image..tag” is no path in a file"),
    ],
)
def test_a_configured_place_that_is_not_there_is_refused_by_name(to: Target, why: str) -> None:
    assert refused({f"{OVERLAY}/values.yaml": "image: {tag: v1, empty: ''}\n"}, to).startswith(why.format(OVERLAY))


def test_row_102_a_file_by_itself_is_read_by_its_content() -> None:
    file = "image-tags/production/payment"
    files = {file: "image_tag: v1.2.0\nautomatic: true\n", "image-tags/production/api": "image_tag: v9\n"}
    to = target(None, file)
    assert pins.current(Files(files), to) == "v1.2.0"
    assert moved(files, to) == {file: ("image_tag: v1.2.0", "image_tag: v1.3.0")}
    named = Target("payment", "production", "config", (file,), pins=(Place("image_tag"),))
    assert moved(files, named) == {file: ("image_tag: v1.2.0", "image_tag: v1.3.0")}
