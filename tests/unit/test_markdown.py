"""Text from others in Markdown."""

import pytest

from bot import markdown

NO_WIDTH = "\u200b"


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("Retry cards (#41)", f"Retry cards (#{NO_WIDTH}41)"),
        ("ask @acme/sre, see GH-7", f"ask @{NO_WIDTH}acme/sre, see GH-{NO_WIDTH}7"),
        ("**bold** _it_ `code` | [x](y)", r"\*\*bold\*\* \_it\_ \`code\` \| \[x\](y)"),
        ("<b> & </b> --> x", "&lt;b&gt; &amp; &lt;/b&gt; --&gt; x"),
        ("https://e.de and www.e.de", f"https:{NO_WIDTH}//e.de and www{NO_WIDTH}.e.de"),
        ("- a list\nof \u202etwo", r"\- a list of two"),
    ],
)
def test_it_stays_text(plain: str, written: str) -> None:
    assert markdown.text(plain) == written


def test_it_is_cut_with_an_ellipsis() -> None:
    assert markdown.text("a" * 300) == "a" * 300
    assert markdown.text("a" * 301) == "a" * 299 + "…"
    assert markdown.text("a" + " " * 9_000 + "b") == "a…"


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("promote a v1@sha256:0 to prod", "`promote a v1@sha256:0 to prod`"),
        ("a`b``c", "``` a`b``c ```"),
        ("--> <!--", f"`--{NO_WIDTH}> <{NO_WIDTH}!--`"),
    ],
)
def test_code_can_be_copied(plain: str, written: str) -> None:
    assert markdown.code(plain) == written


def test_a_link_that_is_none_is_text() -> None:
    assert markdown.link("here", "https://e.de/a?b=c") == "[here](https://e.de/a?b=c)"
    assert markdown.link("here", "https://e.de/a) [x](y") == "here"
    assert markdown.link("here", "javascript:alert(1)") == "here"
    assert markdown.link("[x]", "") == r"\[x\]"


def test_a_diff_can_not_leave_its_fence() -> None:
    assert markdown.fenced("+````\n+# no heading\n+<!-- x -->") == (
        f"`````diff\n+````\n+# no heading\n+<{NO_WIDTH}!-- x --{NO_WIDTH}>\n`````"
    )


def test_a_summary_is_html_not_markdown() -> None:
    assert (
        markdown.folded("a_b <i> @x", "c")
        == f"<details><summary>a_b &lt;i&gt; @{NO_WIDTH}x</summary>\n\nc\n\n</details>"
    )
