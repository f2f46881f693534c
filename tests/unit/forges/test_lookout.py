"""When pull requests are asked about: at once where something says so, and hardly ever otherwise."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from github.GithubException import GithubException
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Unavailable
from bot.forges.lookout import IDLE, PAGE, PAGES, RECHECK, STALE, YOUNG, Lookout
from bot.forges.progress import MOST
from bot.model.pull import Checks, Nudge

NAME = "acme/gitops"


def commit(text):
    return text.ljust(40, "0")


class GitHub:
    """Answers as GitHub does, from what is in memory; `asked` are the requests, "304" for those that cost nothing."""

    def __init__(self, numbers=()):
        self.now = 1_000.0
        self.asked = []
        self.name = NAME
        self.most = MOST
        self.pulls = {}
        for number in numbers:
            self.now += 1
            self.change(number)

    def change(self, number, *, dated=True, **fields):
        head = fields.get("headRefOid") or self.pulls.get(number, {}).get("headRefOid", commit(f"{number:x}a"))
        date = (datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=self.now)).isoformat()
        before = self.pulls.get(number) or {
            "number": number,
            "url": f"https://github.com/{NAME}/pull/{number}",
            "title": "Promote",
            "body": "",
            "state": "OPEN",
            "isDraft": False,
            "isCrossRepository": False,
            "headRefName": "quarterdeck/promote/production/payment/v1",
            "baseRefName": "main",
            "createdAt": date,
            "updatedAt": date,
            "mergeable": "MERGEABLE",
            "reviewDecision": None,
            "author": {"__typename": "Bot", "login": "quarterdeck"},
            "mergedBy": None,
            "mergeCommit": None,
            "autoMergeRequest": None,
            "mergeQueueEntry": None,
            "reviewRequests": {"totalCount": 0},
            "latestOpinionatedReviews": {"nodes": []},
            "timelineItems": {"nodes": []},
        }
        rollup = fields.pop("rollup", None)
        commits = {"nodes": [{"commit": {"oid": head, "statusCheckRollup": rollup}}]}
        dates = {"updatedAt": date} if dated else {}
        self.pulls[number] = before | fields | {"headRefOid": head, "commits": commits} | dates

    # What the lookout needs of the API:

    @contextmanager
    def asking(self, what):
        try:
            yield
        except GithubException as error:
            raise Unavailable(f"could not {what} ({error.status})") from None

    def login(self, _name):
        return "quarterdeck[bot]"

    def ask(self, name, query, variables):
        numbers = [int(each) for each in re.findall(r"p(\d+):", query)]
        self.asked.append(numbers)
        if len(numbers) > self.most:
            raise GithubException(502, {}, {})
        assert "/".join(variables.values()) == (self.path or name)
        found = {f"p{number}": self.pulls.get(number) for number in numbers}
        renamed = {"nameWithOwner": self.name or name}
        errors = [
            {"type": "NOT_FOUND", "path": ["repository", key], "message": ""} for key, each in found.items() if not each
        ]
        return {"repository": renamed | found}, errors

    path = NAME

    def newer(self, name, path, given, tag):
        assert path == f"/repos/{self.path or name}/pulls"
        newest = sorted(self.pulls.values(), key=lambda pull: (pull["updatedAt"], pull["number"]), reverse=True)
        page = given.get("page", 1)
        shown = newest[(page - 1) * PAGE : page * PAGE]
        listed = [{"number": pull["number"], "updated_at": pull["updatedAt"]} for pull in shown]
        now = str(hash(str(listed)))
        self.asked.append("304" if tag == now else f"page {page}")
        return (None, tag) if tag == now else (listed, now)


@pytest.fixture
def github():
    return GitHub(range(1, 201))


@pytest.fixture
def lookout(github):
    return Lookout(github, lambda: github.now)


def after(github, lookout, seconds, numbers=range(1, 201)):
    """What was asked of GitHub in one look, so much later."""
    github.now += seconds
    github.asked.clear()
    lookout.look(NAME, numbers)
    return list(github.asked)


def test_two_hundred_cost_four_questions_a_minute_while_nothing_changes(github, lookout):
    assert [len(each) for each in after(github, lookout, 0)] == [50] * 4
    after(github, lookout, 1)
    after(github, lookout, YOUNG)
    asked = [each for _ in range(60) for each in after(github, lookout, 5)]
    assert asked.count("304") == 60
    assert [len(each) for each in asked if each != "304"] == [50] * 4 * 5
    assert len(asked) / 300 < 0.3


def test_where_checks_run_it_is_still_less_than_one_a_second(github, lookout):
    for number in range(1, 201):
        github.change(number, rollup={"state": "PENDING", "contexts": {"totalCount": 0, "nodes": []}})
    after(github, lookout, 0)
    asked = [each for _ in range(60) for each in after(github, lookout, 5)]
    assert len(asked) / 300 < 0.5


def test_a_change_is_asked_about_alone_and_at_once(github, lookout):
    after(github, lookout, 0), after(github, lookout, 1)
    github.now += 1
    github.change(7, title="Promote it")
    assert after(github, lookout, 1) == ["page 1", [7]]
    assert lookout.look(NAME, [7])[7].pull.title == "Promote it"
    assert after(github, lookout, 1) == ["304"]


def test_more_changes_than_a_page_holds(github, lookout):
    after(github, lookout, 0), after(github, lookout, 1)
    github.now += 1
    for number in range(1, PAGE + 20):
        github.change(number)
    asked = after(github, lookout, 1)
    assert asked[:2] == ["page 1", "page 2"]
    assert sorted(number for each in asked[2:] for number in each) == list(range(1, PAGE + 20))


def test_more_changes_than_are_listed_have_everything_asked_about():
    github = GitHub(range(1, PAGE * PAGES + 30))
    lookout = Lookout(github, lambda: github.now)
    wanted = range(1, 11)
    after(github, lookout, 0, wanted), after(github, lookout, 1, wanted)
    github.now += 1
    for number in reversed(github.pulls):
        github.change(number)
    github.change(3, dated=False, title="Beyond the pages")
    assert after(github, lookout, 1, wanted)[-1] == list(wanted)


def test_checks_that_began_without_a_date_are_seen_in_time(github, lookout):
    after(github, lookout, 0, [1])
    github.change(1, dated=False, rollup={"state": "FAILURE", "contexts": {"totalCount": 0, "nodes": []}})
    assert after(github, lookout, RECHECK, [1]) == ["page 1", [1]]
    after(github, lookout, YOUNG, [1])
    assert after(github, lookout, RECHECK, [1]) == ["304"]
    assert after(github, lookout, STALE - RECHECK, [1]) == ["304", [1]]


@pytest.mark.parametrize(
    ("nudge", "asked"),
    [
        (Nudge("config", pulls=(2, 999)), ["page 1", [2]]),
        (Nudge("config", commit=commit("3a")), ["page 1", [3]]),
        (Nudge("config"), ["page 1"]),
        (Nudge("config", commit=commit("fff")), ["page 1"]),
    ],
)
def test_a_nudge_is_looked_into_at_once(github, lookout, nudge, asked):
    after(github, lookout, 0, [1, 2, 3])
    lookout.forget("acme/other", nudge)
    lookout.forget(NAME, nudge)
    assert after(github, lookout, 0, [1, 2, 3]) == asked


def test_what_is_merged_is_asked_about_no_more(github, lookout):
    github.change(1, state="MERGED", mergeCommit={"oid": commit("b")}, mergedBy=None)
    github.change(2, state="CLOSED")
    after(github, lookout, 0, [1, 2]), after(github, lookout, 1, [1, 2])
    assert after(github, lookout, STALE * 5, [1, 2]) == ["304"]
    seen = lookout.look(NAME, [1, 2])
    assert (seen[1].pull.merged_as, seen[1].pull.merged_by, seen[2].closed_by) == (commit("b"), None, None)
    github.change(2, state="OPEN")
    assert after(github, lookout, 1, [1, 2]) == ["page 1", [2]]


def test_what_is_not_there_is_left_out_and_asked_about_now_and_then(github, lookout):
    assert lookout.look(NAME, [999]) == {}
    assert after(github, lookout, 5, [999]) == ["page 1"]
    github.change(999)
    assert after(github, lookout, STALE, [999])[-1] == [999]
    assert list(lookout.look(NAME, [999])) == [999]


def test_a_list_that_is_ahead_of_the_answers_is_believed(github, lookout):
    after(github, lookout, 0, [1]), after(github, lookout, 1, [1])
    stale = dict(github.pulls[1])
    github.now += 1
    github.change(1, title="New")
    new, github.ask = github.pulls[1], _once(github, stale)
    after(github, lookout, 1, [1])
    github.pulls[1] = new
    assert after(github, lookout, RECHECK, [1]) == ["304", [1]]
    assert lookout.look(NAME, [1])[1].pull.title == "New"


def _once(github, stale):
    ask = type(github).ask

    def answer(*given):
        fresh, github.pulls[1] = github.pulls[1], stale
        try:
            return ask(github, *given)
        finally:
            github.pulls[1] = fresh
            del github.ask

    return answer


def test_too_much_at_once_is_asked_in_parts(github, lookout):
    github.most = 20
    assert len(lookout.look(NAME, range(1, 61))) == 60
    github.most = 0
    with pytest.raises(Unavailable, match="502"):
        after(github, lookout, STALE * 3)


def test_a_renamed_repository_is_asked_for_by_its_new_name(github, lookout):
    github.name = "acme/deployments"
    after(github, lookout, 0, [1])
    github.path = "acme/deployments"
    assert after(github, lookout, 1, [1]) == ["page 1"]


def test_many_repositories_share_the_requests():
    github = GitHub([1])
    github.name = github.path = ""
    lookout = Lookout(github, lambda: github.now)
    for seconds in range(0, 1200, 10):
        if seconds == 600:
            github.asked.clear()
        github.now += 10
        for number in range(40):
            lookout.look(f"acme/s{number}", [1])
    assert len(github.asked) / 600 < 1


def test_what_nobody_looks_at_is_forgotten(github, lookout):
    after(github, lookout, 0, [1, 2])
    assert after(github, lookout, IDLE + 1, [1]) == [[1]]


def test_silence_about_one_is_not_taken_for_its_absence(github, lookout):
    after(github, lookout, 0, [1])
    ask = github.ask

    def silent(name, query, variables):
        data, errors = ask(name, query, variables)
        data["repository"] |= {"p1": None, "p2": None}
        return data, [*errors, {"path": ["repository", "p2"], "message": "Something went wrong"}]

    github.ask = silent
    github.now += STALE * 3
    assert list(lookout.look(NAME, [1])) == [1]
    with pytest.raises(Unavailable, match=r"GitHub tells nothing of acme/gitops#2, not even that it is not there"):
        lookout.look(NAME, [1, 2])
    del github.ask
    assert list(lookout.look(NAME, [1, 2])) == [1, 2]


def test_a_failed_question_is_asked_again(github, lookout):
    after(github, lookout, 0, [1]), after(github, lookout, 1, [1])
    github.change(1, title="New")
    github.most = 0
    with pytest.raises(Unavailable):
        after(github, lookout, 1, [1])
    github.most = MOST
    after(github, lookout, 1, [1])
    assert lookout.look(NAME, [1])[1].pull.title == "New"


def test_of_many_who_look_at_once_one_asks(github, lookout):
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: lookout.look(NAME, range(1, 201)), range(8)))
    assert [len(each) for each in seen] == [200] * 8
    assert sum(isinstance(each, list) for each in github.asked) == 4


STEPS = st.lists(
    st.tuples(st.sampled_from(["dated", "silent", "head", "close", "look"]), st.integers(1, 5), st.integers(1, 40)),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_happens_the_truth_is_told_within_a_minute_and_dated_changes_at_once(steps):
    github = GitHub(range(1, 6))
    lookout = Lookout(github, lambda: github.now)
    lookout.look(NAME, range(1, 6)), after(github, lookout, 1, range(1, 6))
    for count, (what, number, seconds) in enumerate(steps):
        github.now += seconds
        if what == "silent":
            github.change(number, dated=False, rollup={"state": "FAILURE", "contexts": {"totalCount": 0, "nodes": []}})
        elif what != "look":
            state = {"state": "CLOSED"} if what == "close" else {}
            head = {"headRefOid": commit(f"{count:x}f")} if what == "head" else {}
            github.change(number, title=f"Change {count}", **head, **state)
        seen = lookout.look(NAME, range(1, 6))
        assert {each: seen[each].pull.title for each in seen} == {
            each: github.pulls[each]["title"] for each in github.pulls
        }
        assert {each: seen[each].pull.head for each in seen} == {
            each: github.pulls[each]["headRefOid"] for each in github.pulls
        }
    github.now += STALE
    for number, seen in lookout.look(NAME, range(1, 6)).items():
        pull = github.pulls[number]
        rollup = pull["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
        if pull["state"] == "OPEN":
            assert seen.checks is (Checks.FAILED if rollup else Checks.NONE)
