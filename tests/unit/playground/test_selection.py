"""GraphQL as it is written, and how it is held against GitHub's schema."""

import pytest
from graphql_schema import problems

from bot.forges.progress import question
from bot.playground.github.selection import Field, NotGraphQL, On, Spread, Variable, fields, parse

VARIABLES = {"owner": "acme", "name": "gitops"}


def test_a_document_is_read_with_all_that_is_sent():
    read = parse(
        'query Q($n: [Int!]!) { a: b(c: $n, d: [X, "y"], e: true) { ...f ... on T { g } } } fragment f on U { h }'
    )
    inner = (Spread("f"), On("T", (Field("g", "g", {}, ()),)))
    assert (read.kind, read.variables) == ("query", {"n": "[Int!]!"})
    assert read.within == (Field("a", "b", {"c": Variable("n"), "d": ["X", "y"], "e": True}, inner),)
    assert [each.name for each in fields(read, inner, {"U"}.__contains__)] == ["h"]
    assert [each.name for each in fields(read, inner, {"T", "U"}.__contains__)] == ["h", "g"]


@pytest.mark.parametrize(
    "text", ["", "{", "{ a", "{ a(b: ) }", "{ a } { b }", "query", "{ % }", "fragment f on T { a }", "{ ... }"]
)
def test_what_is_none_is_refused(text):
    with pytest.raises(NotGraphQL):
        parse(text)


def test_a_fragment_that_is_not_there_is_noticed():
    with pytest.raises(NotGraphQL, match="no fragment f"):
        list(fields(parse("{ ...f }"), (Spread("f"),), bool))


def test_the_bot_s_question_is_github_s():
    for newer in (True, False):
        assert list(problems({"query": question([1, 2], newer=newer), "variables": VARIABLES}, {"data": None})) == []


@pytest.mark.parametrize(
    ("query", "data", "problem"),
    [
        ('{ repository(owner: "a") { nameWithOwner } }', None, "Query.repository(name) is required"),
        ('{ repository(owner: "a", name: "b", x: 1) { nameWithOwner } }', None, "Query.repository takes no x"),
        ('{ repository(owner: "a", name: 1) { nameWithOwner } }', None, "Query.repository(name) is no String!"),
        ('{ repository(owner: "a", name: "b") { stars } }', None, "Repository.stars is not in the schema"),
        (
            '{ repository(owner: "a", name: "b") { pullRequest(number: 1) { commits { totalCount } } } }',
            None,
            "PullRequest.commits needs first or last",
        ),
        (
            '{ repository(owner: "a", name: "b") { pullRequest(number: 1) { ... on Commit { oid } } } }',
            None,
            "repository.pullRequest: no PullRequest is a Commit",
        ),
        (
            '{ repository(owner: "a", name: "b") { pullRequest(number: 1) { state title } } }',
            {"repository": {"pullRequest": {"state": "GONE", "title": None}}},
            "repository.pullRequest.state is 'GONE', none of ['OPEN', 'CLOSED', 'MERGED']",
        ),
        (
            '{ repository(owner: "a", name: "b") { pullRequest(number: 1) { title } } }',
            {"repository": {"pullRequest": {"title": None}}},
            "repository.pullRequest.title must not be null",
        ),
    ],
)
def test_what_github_would_not_take_or_say_is_noticed(query, data, problem):
    assert problem in list(problems({"query": query}, {"data": data}))
