"""Names that people type reach git as names: never as options, refs of others' or shell words."""

import subprocess

import pytest
from contracts.mirrors.upstream import git
from hypothesis import given
from hypothesis import strategies as st

from bot import branches, markdown
from bot.model.catalog import Target
from bot.model.change import PREFIX, Draft, Edit, Step

DANGEROUS = (
    "--upload-pack=touch pwned",
    "-d",
    "$(touch pwned)",
    "`touch pwned`",
    "v1\n--force",
    "v1;touch pwned",
    "🚢",
    "HEAD",
    "@{-1}",
    "main:refs/heads/main",
    "+main",
    "../../../main",
    "v1.lock",
    ".",
    "~^:?*[\\",
    "\x00\x1b[31m",
    "é" * 300,
)
SIGNS = st.text(
    st.sampled_from("-+=./:~^@{}[]*?\\ \n\t$`;&|<>'\"#%aZ9é🚢") | st.characters(exclude_categories=["Cs"]), max_size=300
)


def branch(service: str, environment: str, version: str) -> str:
    return branches.name("promote", [Step(Target(service, environment, "config", ("x",)), None, version)])


@given(SIGNS, SIGNS, SIGNS)
def test_row_111_every_branch_is_one_that_git_takes(service, environment, version):
    name = branch(service, environment, version)
    assert len(name) <= branches.LONGEST
    assert name.startswith(f"{PREFIX}promote/")
    assert name.count("/") == 4 or len(name) > 150
    assert subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False).returncode == 0


@given(SIGNS, SIGNS)
def test_two_versions_never_share_a_branch(one, other):
    assert (branch("a", "b", one) == branch("a", "b", other)) == (one == other)


@pytest.mark.parametrize("word", DANGEROUS)
def test_a_dangerous_word_is_pushed_as_a_branch_and_said_in_a_message(upstream, mirrors, tmp_path, word):
    opened = mirrors()
    base = opened.reader().head("config").commit
    message = f"Promote payment to {markdown.flat(word)}\n\nQuarterdeck-To: {markdown.flat(word)}\n"
    edits = (Edit("environments/x.yaml", None, word.encode()),)
    commit = opened.writer().commit("config", base, [Draft(message, edits)])
    name = branch("payment", word, word)
    opened.writer().push_branch("config", name, commit)
    opened.writer().push_branch("config", name, commit)
    refs = git(upstream.bare, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    assert refs == [f"refs/heads/main {base}", f"refs/heads/{name} {commit}"]
    opened.reader().head("config")
    assert opened.writer().mirrors["config"].tip(name) == commit
    git(upstream.bare, "fsck", "--strict")
    assert not list(tmp_path.rglob("pwned"))
