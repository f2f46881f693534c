"""The words of `quarterdeck drift` name what the same words name in a conversation."""

from pathlib import Path

import pytest
from bare import Bare

from bot.app import App
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.errors import Refusal

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n    - image: acme/app:v1.0.0\n"


def test_words_are_those_of_commands(tmp_path: Path) -> None:
    bare = Bare(tmp_path, {f"environments/staging/{name}/pod.yaml": POD for name in ("payment", "Payment")})
    with App(load(bare.config), Surroundings.read(bare.variables)) as app:
        assert [str(each.target) for each in app.looks.look("Payment", "STAGING")] == ["Payment in staging"]
        assert [str(each.target) for each in app.looks.look("payment")] == ["payment in staging"]
        for service, environment, sentence in (
            ("zzz", None, "There is no service zzz; known are Payment, payment."),
            (None, "prdo", "There is no environment prdo. Did you mean prod?"),
            ("", None, "There is no service ; known are Payment, payment."),
        ):
            with pytest.raises(Refusal) as refused:
                app.looks.look(service, environment)
            assert str(refused.value) == sentence
