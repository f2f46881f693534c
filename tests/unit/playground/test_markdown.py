"""A pull request's text as HTML: little of Markdown, and nothing of the writer's own HTML."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.github.markdown import diff, render

OURS = re.compile(
    r"</?(?:p|br|strong|code|pre|h[2-5]|ul|li|blockquote|table|thead|tbody|tr|th|td|details|summary)>"
    r'|<pre class="diff">|<span class="(?:add|del|hunk|same)">|</span>'
    r'|<a href="https?://[^"<>]+" rel="noopener noreferrer">|</a>'
)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n`two`", "<p>one<br><code>two</code></p>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p>\n<p>three</p>"),
        ("# Top\n## Next", "<h2>Top</h2>\n<h3>Next</h3>"),
        ("- a\n- `b`\n1. c", "<ul><li>a</li><li><code>b</code></li><li>c</li></ul>"),
        ("before <!-- gone\n--> after", "<p>before  after</p>"),
        ("before <!-- never closed", "<p>before</p>"),
        ("```yaml\na: <b>\n# no heading\n```\nend", "<pre>a: &lt;b&gt;\n# no heading</pre>\n<p>end</p>"),
        ("```\nunclosed", "<pre>unclosed</pre>"),
        ("```diff\n+a\n```", '<pre class="diff"><span class="add">+a\n</span></pre>'),
        (
            "[a & b](https://x.y/z?a=1&b)",
            '<p><a href="https://x.y/z?a=1&amp;b" rel="noopener noreferrer">a &amp; b</a></p>',
        ),
        ("[a](javascript:x)", "<p>[a](javascript:x)</p>"),
        (
            "<details><summary>`a` & <b></summary>\n\n</details>",
            "<p>&lt;details&gt;&lt;summary&gt;<code>a</code> &amp; &lt;b&gt;&lt;/summary&gt;</p>\n</details>",
        ),
        (
            "<details><summary>`a` & b</summary>\n</details>",
            "<details><summary><code>a</code> &amp; b</summary>\n</details>",
        ),
        (
            "<details>\n<summary>More</summary>\n\n<b>\n</details>",
            "<details>\n<summary>More</summary>\n<p>&lt;b&gt;</p>\n</details>",
        ),
        (
            "| a | b |\n|---|---|\n| 1 | `2` |",
            (
                "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
                "<tbody><tr><td>1</td><td><code>2</code></td></tr></tbody></table>"
            ),
        ),
        (
            "| a |\n|---|\n| x\\|y |",
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>x|y</td></tr></tbody></table>",
        ),
        ("| no table", "<p>| no table</p>"),
        ("> one\n> **two**\n\nthree", "<blockquote>one<br><strong>two</strong></blockquote>\n<p>three</p>"),
        (r"\*\*not bold\*\* \[x\]\(https\:\)", "<p>**not bold** [x](https:)</p>"),
        ("a &lt;b&gt; &amp; &copy;", "<p>a &lt;b&gt; &amp; &amp;copy;</p>"),
        (r"say <code>a \*b\* &lt;c</code>", "<p>say <code>a *b* &lt;c</code></p>"),
        ("````diff\n+```\n````", '<pre class="diff"><span class="add">+```\n</span></pre>'),
    ],
)
def test_what_it_knows(text, html):
    assert render(text) == html


@given(st.text(alphabet=st.sampled_from("<>&;\\\"'`*#-| \n[]()!/abcdetils:htp1."), max_size=80))
def test_nothing_but_our_own_tags_comes_out(text):
    left = OURS.sub("", render(text))
    assert "<" not in left
    assert ">" not in left


@pytest.mark.parametrize("text", ["[", "<!--", "`", "**", "<code>", "> ", "\\", "|a"])
@pytest.mark.timeout(30)
def test_a_body_of_the_greatest_length_is_rendered_without_trying_every_pair(text):
    assert "first" in render("first\n\n" + text * (65_529 // len(text)))


def test_a_diff_marks_each_line():
    assert diff("@@ -1 +1 @@\n-a\n+<\n b") == (
        '<pre class="diff"><span class="hunk">@@ -1 +1 @@\n</span><span class="del">-a\n</span>'
        '<span class="add">+&lt;\n</span><span class="same"> b\n</span></pre>'
    )
