"""Promotions and rollbacks of charts on a bare repository: one line, by git's own account."""

from pathlib import Path

import pytest
from bare import Bare

from bot.model.reply import Outcome

FOLDER = "environments/production/payment"
VALUES = "# Values\nimage:\n  repository: acme/payment\n\n  tag: v1.2.0   # kept\n"
APPLICATION = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: payment}\nspec:\n  source:\n    helm:\n"
    "      values: |\n        image:\n          repository: acme/payment\n          tag: v1.2.0\n"
)
MARK = '# {"$imagepolicy": "flux-system:payment:tag"}'
RELEASE = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: payment}\nspec:\n  values:\n"
    f"    image:\n      repository: acme/payment\n      tag: v1.2.0 {MARK}\n"
)


@pytest.mark.parametrize(
    ("file", "content", "lines"),
    [
        pytest.param("values.yaml", VALUES, ["-  tag: v1.2.0   # kept", "+  tag: v1.3.0   # kept"], id="row-86"),
        pytest.param("app.yaml", APPLICATION, ["-          tag: v1.2.0", "+          tag: v1.3.0"], id="row-94"),
        pytest.param(
            "release.yaml", RELEASE, [f"-      tag: v1.2.0 {MARK}", f"+      tag: v1.3.0 {MARK}"], id="row-99"
        ),
    ],
)
def test_a_promotion_is_one_line_and_a_rollback_brings_the_bytes_back(
    file: str, content: str, lines: list[str], tmp_path: Path
) -> None:
    bare = Bare(tmp_path, {f"{FOLDER}/{file}": content})
    before = bare.git("rev-parse", "main^{tree}")
    assert bare.say("promote payment v1.3.0 to prod").outcome is Outcome.COMMITTED
    assert bare.changed() == lines
    assert bare.say("rollback payment in prod", yes=True).outcome is Outcome.COMMITTED
    assert bare.git("rev-parse", "main^{tree}") == before


def test_row_100_the_reply_says_that_flux_writes_the_line_too(tmp_path: Path) -> None:
    bare = Bare(tmp_path, {f"{FOLDER}/release.yaml": RELEASE})
    assert "Flux's ImagePolicy flux-system:payment manages" in str(bare.say("promote payment v1.3.0 to prod"))


def test_an_image_updater_is_told_in_the_reply(tmp_path: Path) -> None:
    annotated = "metadata: {name: payment, annotations: {argocd-image-updater.argoproj.io/image-list: acme/payment}}"
    content = APPLICATION.replace("metadata: {name: payment}", annotated)
    bare = Bare(tmp_path, {f"{FOLDER}/app.yaml": content})
    assert "Argo CD Image Updater manages payment" in str(bare.say("promote payment v1.3.0 to prod"))
