"""The stand-in's API answers as GitHub's does; the `world` fixture holds every body against the description."""

import pytest
from github.Auth import AppAuth

from bot.playground.github import faults

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
REPOSITORY = "/repos/acme/gitops"
PULLS = f"{REPOSITORY}/pulls"


def opened(world, branch=BRANCH, **more):
    world.branch(branch, f"image: {branch}\n")
    answer = world.api("POST", PULLS, json={"head": branch, "base": "main", "title": "Promote", "body": "Hello"} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def messages(answer):
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    return [error.get("message") or (error["field"], error["code"]) for error in answer.json()["errors"]]


def test_every_operation_of_the_extract_is_answered_as_described(world):
    opened(world)
    app = world.github.add_app("quarterdeck", "Quarterdeck")
    number = world.github.install(app, "acme", ["gitops"]).id
    for method, path, body, status in [
        ("GET", "/app", None, 200),
        ("GET", f"/app/installations/{number}", None, 200),
        ("POST", f"/app/installations/{number}/access_tokens", {"repositories": ["gitops"]}, 201),
        ("GET", f"{REPOSITORY}/installation", None, 200),
    ]:
        signed = {"Authorization": f"Bearer {AppAuth(app.id, app.key.reveal()).token}"}
        assert world.api(method, path, json=body, headers=signed).status_code == status, path
    tip = world.gitops.bare.branches()["main"]
    calls = [
        ("GET", "/user", None, 200),
        ("GET", "/users/ana", None, 200),
        ("GET", f"{REPOSITORY}/commits/{tip}", None, 200),
        ("POST", f"{REPOSITORY}/statuses/{tip}", {"state": "success", "context": "ci"}, 201),
        ("GET", f"{REPOSITORY}/commits/{tip}/statuses", None, 200),
        ("POST", f"{REPOSITORY}/deployments", {"ref": tip, "auto_merge": False, "required_contexts": []}, 201),
        ("GET", f"{REPOSITORY}/deployments", None, 200),
        ("POST", f"{REPOSITORY}/deployments/2/statuses", {"state": "queued"}, 201),
        ("GET", f"{REPOSITORY}/deployments/2/statuses", None, 200),
        ("GET", f"{REPOSITORY}/compare/main...{BRANCH}", None, 200),
        ("GET", f"{REPOSITORY}/git/ref/heads/main", None, 200),
        ("POST", f"{REPOSITORY}/git/refs", {"ref": "refs/heads/new", "sha": tip}, 201),
        ("PATCH", f"{REPOSITORY}/git/refs/heads/new", {"sha": tip, "force": True}, 200),
        ("GET", REPOSITORY, None, 200),
        ("GET", f"{REPOSITORY}/branches/{BRANCH}", None, 200),
        ("GET", PULLS, None, 200),
        ("GET", f"{PULLS}/1", None, 200),
        ("GET", f"{PULLS}/1/files", None, 200),
        ("POST", f"{REPOSITORY}/issues/1/comments", {"body": "Synced."}, 201),
        ("POST", f"{REPOSITORY}/issues/1/assignees", {"assignees": ["ana"]}, 201),
        ("POST", f"{REPOSITORY}/issues/1/labels", {"labels": ["quarterdeck"]}, 200),
        ("POST", f"{PULLS}/1/requested_reviewers", {"reviewers": ["ana"], "team_reviewers": ["sre"]}, 201),
        ("POST", f"{PULLS}/1/reviews", {"event": "COMMENT", "body": "Looks well"}, 200),
        ("GET", f"{PULLS}/1/reviews", None, 200),
        ("PATCH", f"{PULLS}/1", {"title": "Promote payment", "state": "open"}, 200),
        ("PUT", f"{PULLS}/1/merge", {}, 200),
        ("DELETE", f"{REPOSITORY}/git/refs/heads/{BRANCH}", None, 204),
        ("GET", f"{PULLS}/1", None, 200),
    ]
    for method, path, body, status in calls:
        assert world.api(method, path, json=body).status_code == status, path
    good = {(method, path) for method, path, status in world.described.seen if status.startswith("2")}
    assert good == world.described.operations


def test_a_body_that_is_not_as_described_is_noticed(world):
    world.described.check("GET", f"{PULLS}/1", 200, b'{"number": "1"}')
    assert len(world.described.problems) > 10
    world.described.problems.clear()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({}, "Requires authentication"),
        ({"Authorization": "Bearer ghp_wrong"}, "Bad credentials"),
        ({"Authorization": "Basic eDp5"}, "Bad credentials"),
    ],
)
def test_without_a_right_token_nothing_is_answered(world, header, message):
    answer = world.http.get(f"{world.github.api_url}/user", headers=header)
    assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_both_schemes_name_the_token_s_person(world):
    for scheme in ("token", "Bearer"):
        said = {"Authorization": f"{scheme} {world.ana.token.reveal()}"}
        assert world.api("GET", "/user", headers=said).json()["login"] == "ana"


@pytest.mark.parametrize("path", ["/repos/acme/nothing", f"{PULLS}/7", "/emojis", f"{REPOSITORY}/branches/none"])
def test_what_is_not_there_is_404(world, path):
    assert world.api("GET", path).status_code == 404


def test_a_pull_request_follows_its_branch(world):
    made = opened(world)
    head = world.gitops.commit(BRANCH, {"payment.yaml": b"image: v1.3.1\n"}, "Again", world.bot)
    seen = world.api("GET", f"{PULLS}/1").json()
    assert (seen["head"]["sha"], seen["commits"], seen["mergeable"]) == (head, 2, True)
    assert made["head"]["sha"] != head


def test_opening_is_refused_in_github_s_words(world):
    opened(world)
    world.gitops.bare.point("refs/heads/same", world.gitops.bare.branches()["main"])

    def refused(**fields):
        return messages(world.api("POST", PULLS, json={"title": "T", "head": "fresh", "base": "main"} | fields))

    world.branch("fresh")
    assert refused(head=BRANCH) == [f"A pull request already exists for acme:{BRANCH}."]
    assert refused(head="same") == ["No commits between main and same"]
    assert refused(head="nowhere") == [("head", "invalid")]
    assert refused(head="zoe:fresh") == [("head", "invalid")]
    assert refused(base="nowhere") == [("base", "invalid")]
    assert refused(title=" ") == [("title", "missing_field")]
    assert refused(title="x" * 257) == ["title is too long (maximum is 256 characters)"]
    assert refused(body="ä" * 65_537) == ["body is too long (maximum is 65536 characters)"]
    assert len(opened(world, "fresh", body="ä" * 65_536)["body"]) == 65_536


def test_lists_are_filtered_by_state_head_and_base(world):
    opened(world), opened(world, "other")
    world.api("PATCH", f"{PULLS}/2", json={"state": "closed"})

    def numbers(**query):
        return [pull["number"] for pull in world.api("GET", PULLS, params=query).json()]

    assert numbers() == [1]
    assert numbers(state="closed") == [2]
    assert numbers(state="all") == [2, 1]
    assert numbers(state="all", direction="asc") == [1, 2]
    assert numbers(state="all", head="acme:other") == [2]
    assert numbers(state="all", base="release") == []


def test_pages_are_linked(world):
    for number in range(5):
        opened(world, f"branch-{number}")
    first = world.api("GET", PULLS, params={"per_page": "2", "direction": "asc"})
    assert set(first.links) == {"next", "last"}
    assert first.links["next"]["url"].startswith(f"{world.github.api_url}{PULLS}?")
    second = world.api("GET", first.links["next"]["url"].removeprefix(world.github.api_url))
    assert [pull["number"] for pull in second.json()] == [3, 4]
    assert set(second.links) == {"first", "prev", "next", "last"}
    last = world.api("GET", first.links["last"]["url"].removeprefix(world.github.api_url))
    assert [pull["number"] for pull in last.json()] == [5]
    assert set(last.links) == {"first", "prev"}


def test_what_has_not_changed_is_304_until_it_has(world):
    opened(world)
    seen = {"If-None-Match": world.api("GET", f"{PULLS}/1").headers["ETag"]}
    again = world.api("GET", f"{PULLS}/1", headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    world.api("PATCH", f"{PULLS}/1", json={"title": "Another"})
    assert world.api("GET", f"{PULLS}/1", headers=seen).status_code == 200


def test_a_merge_is_a_merge_commit(world):
    head = opened(world)["head"]["sha"]
    before = world.gitops.bare.branches()["main"]
    merged = world.api("PUT", f"{PULLS}/1/merge", by=world.ana, json={"sha": head}).json()
    commit = world.gitops.bare.log("main", 1)[0]
    assert (commit.sha, commit.parents) == (merged["sha"], (before, head))
    assert commit.message == f"Merge pull request #1 from acme/{BRANCH}\n\nPromote"
    assert (commit.author.name, commit.committer.name) == ("Ana Ito", "GitHub")
    pull = world.api("GET", f"{PULLS}/1").json()
    assert (pull["state"], pull["merged"], pull["merged_by"]["login"]) == ("closed", True, "ana")
    assert pull["merge_commit_sha"] == commit.sha
    assert pull["changed_files"] == 1


def test_a_squash_of_one_commit_keeps_its_message(world):
    opened(world)
    before = world.gitops.bare.branches()["main"]
    world.api("PUT", f"{PULLS}/1/merge", json={"merge_method": "squash"})
    commit = world.gitops.bare.log("main", 1)[0]
    assert (commit.parents, commit.message) == ((before,), "Promote payment (#1)")


def test_merging_is_refused_when_the_head_moved_and_when_it_conflicts(world):
    head = opened(world)["head"]["sha"]
    moved = world.gitops.commit(BRANCH, {"x": b"x"}, "More", world.bot)
    assert world.api("PUT", f"{PULLS}/1/merge", json={"sha": head}).status_code == 409
    world.gitops.commit("main", {"payment.yaml": b"image: v9\n"}, "By hand", world.ana)
    assert world.api("GET", f"{PULLS}/1").json()["mergeable"] is False
    assert world.api("PUT", f"{PULLS}/1/merge", json={"sha": moved}).status_code == 405


def test_merging_twice_is_refused(world):
    opened(world)
    assert [world.api("PUT", f"{PULLS}/1/merge").status_code for _ in range(2)] == [200, 405]


def test_a_push_of_the_head_to_the_base_is_a_merge(world):
    head = opened(world)["head"]["sha"]
    world.gitops.bare.point("refs/heads/main", head)
    pull = world.api("GET", f"{PULLS}/1").json()
    assert (pull["merged"], pull["merge_commit_sha"], pull["merged_by"]) == (True, head, None)


def test_deleting_the_branch_closes_it_and_its_diff_stays(world):
    opened(world)
    ref = f"{REPOSITORY}/git/refs/heads/{BRANCH}"
    assert [world.api("DELETE", ref).status_code for _ in range(2)] == [204, 422]
    pull = world.api("GET", f"{PULLS}/1").json()
    assert (pull["state"], pull["merged"], pull["changed_files"]) == ("closed", False, 1)
    assert messages(world.api("PATCH", f"{PULLS}/1", json={"state": "open"})) == ["state cannot be changed."]


def test_files_carry_their_patch(world):
    content = {"payment.yaml": None, "binary": b"\0\1", "docs/a b.md": b"# Hi\nthere\n"}
    world.gitops.commit(BRANCH, content, "Many", world.bot)
    world.api("POST", PULLS, json={"head": BRANCH, "base": "main", "title": "Many"})
    files = {file["filename"]: file for file in world.api("GET", f"{PULLS}/1/files").json()}
    said = {name: (file["status"], file["additions"], file["deletions"]) for name, file in files.items()}
    assert said == {"binary": ("added", 0, 0), "docs/a b.md": ("modified", 1, 0), "payment.yaml": ("removed", 0, 1)}
    assert files["docs/a b.md"]["patch"] == "@@ -1 +1,2 @@\n # Hi\n+there"
    assert "patch" not in files["binary"]


def test_reviews_count_the_last_word_and_never_the_author_s(world):
    opened(world)

    def review(by, event):
        return world.api("POST", f"{PULLS}/1/reviews", by=by, json={"event": event, "body": "…"})

    assert review(world.bot, "APPROVE").json()["message"] == "Can not approve your own pull request"
    assert review(world.ana, "APPROVE").json()["state"] == "APPROVED"
    review(world.ben, "APPROVE"), review(world.ben, "REQUEST_CHANGES"), review(world.ana, "COMMENT")
    assert [person.login for person in world.gitops.approvals(world.gitops.pull(1))] == ["ana"]
    assert review(world.ana, "NOD").status_code == 422


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"reviewers": ["ana", "quarterdeck"]}, "Review cannot be requested from pull request author."),
        ({"reviewers": ["ana", "zoe"]}, "Reviews may only be requested from collaborators."),
        ({"team_reviewers": ["nobody"]}, "Reviews may only be requested from collaborators."),
    ],
)
def test_one_bad_reviewer_spoils_the_request(world, asked, why):
    opened(world)
    answer = world.api("POST", f"{PULLS}/1/requested_reviewers", json=asked)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(why)
    assert world.gitops.pull(1).reviewers == []


def test_malformed_requests_are_refused(world):
    assert world.api("POST", PULLS, content=b"{").status_code == 400
    assert world.api("POST", PULLS, json={"head": 5, "base": "main"}).status_code == 422
    assert messages(world.api("POST", PULLS, json=["head"])) == [("head", "missing_field")]


def test_planned_faults_are_used_up_in_order_and_only_where_they_are_meant(world):
    world.github.faults.plan(faults.error(500), method="POST")
    world.github.faults.plan(faults.bad_gateway(), times=2, path="/user")
    assert [world.api("GET", "/user").status_code for _ in range(3)] == [502, 502, 200]
    assert world.api("GET", REPOSITORY).status_code == 200
    assert world.api("POST", PULLS, json={}).status_code == 500


def test_a_fault_can_come_after_the_work_is_done(world):
    world.branch()
    world.github.faults.plan(faults.bad_gateway(after=True))
    assert world.api("POST", PULLS, json={"head": BRANCH, "base": "main", "title": "T"}).status_code == 502
    assert [pull.number for pull in world.gitops.pulls()] == [1]
