import pytest

from bot.errors import Refusal
from bot.manifests import formats, workload
from bot.manifests.yamltext import Text
from bot.model.catalog import Image, Pin

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: payment, namespace: pay}\nspec:\n  containers:\n"


def test_a_pin_says_what_stands_where() -> None:
    assert workload.find(Text("a/pod.yaml", f"a: 1\n---\n{POD}  - image: acme/payment:v1\n")) == (
        Pin(
            file="a/pod.yaml",
            format="workload",
            document=1,
            path=("spec", "containers", 0, "image"),
            line=8,
            image=Image("acme/payment", "v1"),
            object="Pod payment",
            namespace="pay",
        ),
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("containers: [{image: a}]\n", id="no object: Helm values"),
        pytest.param("- op: replace\n  path: /image\n", id="no mapping"),
        pytest.param(POD + "  - image:\n  - image: ''\n  - image: {a: b}\n  - image\n", id="no images"),
        pytest.param(POD.replace("containers", "image"), id="image is null"),
        pytest.param("kind: CustomResourceDefinition\nspec: {containers: {image: a}}\n", id="a schema"),
    ],
)
def test_what_is_no_containers_image_is_no_pin(content: str) -> None:
    assert workload.find(Text("a.yaml", content)) == ()


def test_row_50_a_shared_image_is_one_pin_where_its_value_stands() -> None:
    content = POD.replace("spec:", "x: &x acme/payment:v1\nspec:") + "  - image: *x\n  - image: *x\n"
    (pin,) = workload.find(Text("a.yaml", content))
    assert (pin.line, pin.path) == (4, ("spec", "containers", 0, "image"))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("${REGISTRY}/payment:${TAG:=v1.2.0}", "a.yaml:6 is substituted when it is applied", id="row-26"),
        pytest.param("acme/payment:{{ .tag }}", "a.yaml:6 is a template", id="row-27"),
        pytest.param("'{{ .image }}'", "a.yaml:6 is a template", id="row-27 quoted"),
        pytest.param("acme/Payment:v1", "a.yaml:6: “acme/Payment:v1” is no image reference", id="row-21"),
    ],
)
def test_an_image_that_does_not_stand_there_itself_is_found_but_not_read_or_written(value: str, why: str) -> None:
    text = Text("a.yaml", f"{POD}  - image: {value}\n")
    (pin,) = workload.find(text)
    for attempt in (lambda: workload.read(text, pin), lambda: formats.write(text, {pin: "v2"})):
        with pytest.raises(Refusal) as refusal:
            attempt()
        assert why in str(refusal.value)


def test_row_11_an_image_outside_containers_is_told_of_and_not_a_pin() -> None:
    text = Text("a.yaml", "kind: Widget\nmetadata: {name: x}\nspec:\n  image: acme/payment:v1\n")
    assert workload.find(text) == ()
    (stray,) = workload.strays(text)
    assert (stray.object, stray.path, stray.line) == ("Widget x", ("spec", "image"), 4)


def test_containers_images_are_no_strays() -> None:
    assert workload.strays(Text("a.yaml", f"{POD}  - image: acme/payment:v1\n")) == ()


def test_a_pin_of_another_text_is_refused() -> None:
    (pin,) = workload.find(Text("a.yaml", f"{POD}  - image: acme/payment:v1\n"))
    with pytest.raises(Refusal) as refusal:
        workload.read(Text("a.yaml", "image: a"), pin)
    assert str(refusal.value) == "a.yaml:6 no longer holds an image; ask again."


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("{steps: [{image: 'a:v1'}]}", id="row-010 Tekton step"),
        pytest.param("{sidecars: [{image: 'a:v1'}], stepTemplate: {name: x}}", id="row-010 Tekton sidecar"),
        pytest.param("{stepTemplate: {image: 'a:v1'}}", id="row-010 Tekton step template"),
        pytest.param("{templates: [{container: {image: 'a:v1'}}]}", id="row-010 Argo Workflow"),
        pytest.param("{templates: [{script: {image: 'a:v1', source: x}}]}", id="row-010 Argo Workflow script"),
        pytest.param("{volumes: [{containerDisk: {image: 'a:v1'}}]}", id="row-010 KubeVirt"),
    ],
)
def test_containers_of_custom_resources(spec: str) -> None:
    text = Text("a.yaml", f"kind: Thing\nmetadata: {{name: x}}\nspec: {spec}\n")
    (pin,) = workload.find(text)
    assert formats.write(text, {pin: "v2"}).content == text.content.replace("v1", "v2")


@pytest.mark.parametrize("spec", ["{steps: [[{name: a}]]}", "{container: a}", "{script: {source: x}}", "{steps: 3}"])
def test_keys_of_the_same_name_that_hold_no_container(spec: str) -> None:
    assert workload.find(Text("a.yaml", f"kind: Workflow\nspec: {spec} # image\n")) == ()
