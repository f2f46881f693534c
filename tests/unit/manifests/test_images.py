import pytest

from bot.errors import Refusal
from bot.manifests import images
from bot.model.catalog import Image

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("text", "image"),
    [
        pytest.param("acme/payment:v1.2.0", Image("acme/payment", "v1.2.0"), id="row-1"),
        pytest.param("acme/payment", Image("acme/payment"), id="row-14"),
        pytest.param("reg.example:5000/acme/payment", Image("reg.example:5000/acme/payment"), id="row-15"),
        pytest.param("reg.example:5000/a/b:v1", Image("reg.example:5000/a/b", "v1"), id="row-16 port"),
        pytest.param("[::1]:5000/a/b:v1", Image("[::1]:5000/a/b", "v1"), id="row-16 IPv6"),
        pytest.param("localhost/a:v1", Image("localhost/a", "v1"), id="row-16 localhost"),
        pytest.param(f"acme/payment@{OLD}", Image("acme/payment", None, OLD), id="row-17"),
        pytest.param(f"acme/payment:v1@{OLD}", Image("acme/payment", "v1", OLD), id="row-18"),
        pytest.param("REG.example/a__b/c-d--e.f:V_1", Image("REG.example/a__b/c-d--e.f", "V_1"), id="separators"),
    ],
)
def test_a_reference_is_taken_apart(text: str, image: Image) -> None:
    assert images.parse(text) == image
    assert str(image) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            "acme/Payment:v1", "a repository's path is lower case; did you mean acme/payment?", id="row-21 case"
        ),
        pytest.param("Acme/payment", "did you mean acme/payment?", id="row-21 case of the first part"),
        pytest.param("acme/payment:", "The version is empty", id="empty tag"),
        pytest.param("acme/payment:v1+b", "did you mean v1_b?", id="row-20"),
        pytest.param("acme//payment", "“” must be lower-case letters and digits", id="empty part"),
        pytest.param("acme/-payment", "“-payment” must be", id="leading dash"),
        pytest.param("acme/a___b", "“a___b” must be", id="three underscores"),
        pytest.param("reg.example:port/a", "“reg.example:port” is not a registry's host and port", id="port"),
        pytest.param("acme/payment@sha256:abc", "what follows the @ is not a digest", id="short digest"),
        pytest.param(":v1", "names no image", id="no name"),
        pytest.param("a/" * 130 + "b", "has 261 characters, at most 255", id="long"),
        pytest.param("acme/pay\nment", "“pay\\u000ament” must be", id="newline"),
    ],
)
def test_an_illegal_reference_is_refused_with_its_rule(text: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        images.parse(text)
    assert why in str(refusal.value)


@pytest.mark.parametrize("text", ["v1.3.0", "1.10", "_", "latest", "a" * 128, NEW, f"v1.3.0@{NEW}"])
def test_a_legal_version_is_taken_as_it_is(text: str) -> None:
    assert images.version(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            "v1.3.0+build5",
            "“+” is not allowed in an image tag (“v1.3.0+build5”); did you mean v1.3.0_build5?",
            id="row-20",
        ),
        pytest.param("a" * 129, "has 129 characters; an image tag has at most 128", id="row-21 long"),
        pytest.param(".v1", "not with “.”", id="row-21 dot"),
        pytest.param("-v1", "not with “-”", id="row-21 dash"),
        pytest.param("--upload-pack=x", "not with “-”", id="an option"),
        pytest.param("sha256:abc", "has 64 lower-case hexadecimal digits; “sha256:abc” has 3.", id="row-21 digest"),
        pytest.param("sha256:" + "A" * 64, "has other characters", id="upper-case digest"),
        pytest.param("v1@sha256:", "“sha256:” has 0", id="empty digest"),
        pytest.param("v1@", "“” is no image digest", id="nothing after @"),
        pytest.param("v1@md5:abc", "“md5:abc” is no image digest", id="another algorithm"),
        pytest.param("acme/payment:v1", "is a whole image or a path", id="image"),
        pytest.param("", "The version is empty", id="empty"),
        pytest.param("v1\n", "“\\u000a” is not allowed", id="newline"),
        pytest.param("$(id)", "“$” is not allowed", id="shell"),
        pytest.param("v1🚢", "“🚢” is not allowed", id="emoji"),
        pytest.param("v1٣", "“٣” is not allowed", id="a digit of another script"),
        pytest.param("x:y", "“:” is not allowed", id="colon"),
    ],
)
def test_an_illegal_version_is_refused_with_its_rule(text: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        images.version(text)
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("old", [Image("a", "v1"), Image("a", None, OLD), Image("a", "v1", OLD), Image("a")])
def test_rows_17_and_18_nothing_old_is_left_beside_a_new_version(old: Image) -> None:
    assert images.moved(old, "v2") == Image("a", "v2")
    assert images.moved(old, NEW) == Image("a", None, NEW)
    assert images.moved(old, f"v2@{NEW}") == Image("a", "v2", NEW)


def test_row_2_an_image_is_called_like_a_service_by_its_last_segment_alone() -> None:
    assert images.named_after("reg.example:5000/acme/payment", "payment")
    assert images.named_after("payment", "payment")
    assert not images.named_after("acme/payment-proxy", "payment")
    assert not images.named_after("payment/proxy", "payment")
