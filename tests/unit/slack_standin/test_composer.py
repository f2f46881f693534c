"""What is typed, against what an app gets."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.slack.composer import on_the_wire
from bot.playground.slack.conversations import Channel, User

USERS = [User("U1", "ana", "Ana Ulm"), User("U2", "quarterdeck", "Quarterdeck", is_bot=True)]
CHANNELS = [Channel("C1", "deploys"), Channel("D1", "ana", members=("U1", "U2"))]


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("@Quarterdeck status", "<@U2> status"),
        ("<@U2> status", "<@U2> status"),
        ("ask @Ana Ulm, or @ana", "ask <@U1>, or <@U1>"),
        ("me@ana and @anabel", "me@ana and @anabel"),
        ("see #deploys", "see <#C1|deploys>"),
        ("#ana is no channel", "#ana is no channel"),
        ("<@U9> <!channel>", "&lt;@U9&gt; &lt;!channel&gt;"),
        ("@channel", "<!channel>"),
        ("`@Quarterdeck <a>`", "`@Quarterdeck &lt;a&gt;`"),
        ("```\n@Quarterdeck\n```", "```\n@Quarterdeck\n```"),
        ("https://x.org/?a=1&b=2 & more", "<https://x.org/?a=1&amp;b=2> &amp; more"),
    ],
)
def test_typed_and_wire(typed: str, wire: str) -> None:
    assert on_the_wire(typed, USERS, CHANNELS) == wire


@given(st.text(alphabet=st.sampled_from("<>&`@!#| \nax"), max_size=40))
def test_nothing_typed_becomes_a_token_or_is_lost(typed: str) -> None:
    wire = on_the_wire(typed, [], [])
    assert html.unescape(wire) == typed
    assert not re.search(r"[<>]", wire)
