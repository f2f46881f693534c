import pytest

from bot import policy
from bot.errors import Refusal
from bot.model.catalog import ImagePolicy

DIGEST = "sha256:" + "a" * 64
SEMVER = ImagePolicy(version="semver")


@pytest.mark.parametrize("version", ["v1.3.0", "1.3.0", "v1.3.0-rc.1", "0.0.0-0a.-", f"v1.3.0@{DIGEST}"])
def test_semver_allows(version: str) -> None:
    policy.check(SEMVER, "acme/payment", version)


@pytest.mark.parametrize("version", ["latest", "main", "v1.3", "v01.3.0", "1.3.0-01", "2026-01-31", DIGEST, "v١.3.0"])
def test_row_22_semver_refuses_what_moves_or_has_no_order(version: str) -> None:
    with pytest.raises(Refusal) as refusal:
        policy.check(SEMVER, "acme/payment", version)
    assert str(refusal.value) == f"The version {version} is not allowed: images.version is semver, such as v1.3.0."


def test_without_a_rule_any_version_is_allowed() -> None:
    policy.check(ImagePolicy(), "acme/payment", "latest")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (r"release-\d+\.\d+\.\d+", r"images.version is release-\d+\.\d+\.\d+, such as release-1.3.0."),
        (r"[0-9a-f]{7}", "images.version is [0-9a-f]{7}, such as 0a1b2c3."),
        (r"blue|green", "images.version is blue|green."),
        (r"(", "images.version is neither semver nor a regular expression: missing ), unterminated subpattern"),
    ],
)
def test_a_pattern_is_named_with_an_example_of_ours_that_fits(rule: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        policy.check(ImagePolicy(version=rule), "acme/payment", "v1.3.0")
    assert why in str(refusal.value)


def test_a_pattern_must_match_the_whole_tag() -> None:
    rule = ImagePolicy(version=r"v\d+")
    policy.check(rule, "acme/payment", "v12")
    with pytest.raises(Refusal):
        policy.check(rule, "acme/payment", "v12-dirty")


def test_images_are_allowed_by_globs_on_the_name() -> None:
    rule = ImagePolicy(allow=("registry.example.com/*", "acme/pay*"))
    policy.check(rule, "registry.example.com/a/b", "v1")
    policy.check(rule, "acme/payment", "v1")
    with pytest.raises(Refusal) as refusal:
        policy.check(rule, "Registry.example.com/a", "v1")
    assert str(refusal.value) == (
        "The image Registry.example.com/a is not allowed; images.allow has: registry.example.com/*, acme/pay*."
    )


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("v1.3.0", "v1.2.0", True),
        ("v1.2.0", "v1.3.0", False),
        ("v1.9.0", "v1.10.0", False),
        ("1.3.0", "v1.2.9", True),
        ("v1.3.0", "v1.3.0", False),
        ("v1.3.0", "v1.3.0-rc.1", True),
        ("v1.3.0-rc.2", "v1.3.0-rc.10", False),
        ("v1.3.0-rc.1", "v1.3.0-1", True),
        ("v1.3.0-alpha", "v1.3.0-alpha.1", False),
        (f"v1.3.0@{DIGEST}", "v1.2.0", True),
        ("2026.01.31", "2025.12.01", True),
        ("2025-12-01", "2026.1.31", False),
        ("2026.1.31", "v1.3.0", None),
        ("0a1b2c3", "1a1b2c3", None),
        ("1234567", "1234566", None),
        ("v1.3.0", "latest", None),
        (DIGEST, "v1.2.0", None),
    ],
)
def test_row_25_a_downgrade_is_known_only_where_versions_compare(old: str, new: str, verdict: bool | None) -> None:
    assert policy.is_downgrade(old, new) is verdict


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [("1.2.0", "v1.3.0", True), ("v1.2.0", "1.3.0", True), ("v1.2.0", "v1.3.0", False), ("main", "v1.3.0", False)],
)
def test_row_23_a_prefix_that_others_have_not(old: str, new: str, differs: bool) -> None:
    assert policy.differs_in_prefix(old, new) is differs


def test_row_88_an_image_without_a_name_is_allowed_only_where_all_are() -> None:
    policy.check(ImagePolicy(), "", "v1.0.0")
    with pytest.raises(Refusal, match=r"set services\.<name>\.image"):
        policy.check(ImagePolicy(allow=("*",)), "", "v1.0.0")
