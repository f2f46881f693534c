"""Commits that GitHub makes and signs itself, for who has no key: they are shown as verified.

A branch of their own carries them until they are fetched, so that the branch they are meant for moves by an ordinary
push, with its lease and its proofs (https://docs.github.com/en/graphql/reference/mutations#createcommitonbranch).
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from github.GithubException import GithubException

from bot.errors import Unavailable
from bot.forges.api import Api
from bot.forges.failures import said, status
from bot.model.change import PREFIX, Draft, Edit

FOLDER = f"{PREFIX}signing/"


@contextmanager
def signed(api: Api, name: str, base: str, drafts: Sequence[Draft]) -> Iterator[tuple[str, ...]]:
    """The commits, one for each draft; their branch goes when the block ends.

    Its name says what is on it, so one left behind by a kill is in nobody's way: it is begun anew.
    """
    branch = FOLDER + hashlib.sha256(repr((base, drafts)).encode()).hexdigest()[:16]
    _begin(api, name, branch, base)
    try:
        made = [base]
        for draft in drafts:
            made.append(_commit(api, name, branch, made[-1], draft))
        yield tuple(made[1:])
    finally:
        with api.asking(f"delete {branch} in {name}"):
            delete(api, name, branch)


def delete(api: Api, name: str, branch: str) -> None:
    """Delete a branch, if it is still there; to be used inside `asking`."""
    remote = api.repository(name)
    try:
        remote.requester.requestJsonAndCheck("DELETE", f"{remote.url}/git/refs/heads/{quote(branch)}")
    except GithubException as error:
        if "Reference does not exist" not in said(error):
            raise


def _begin(api: Api, name: str, branch: str, base: str) -> None:
    with api.asking(f"make {branch} in {name}"):
        remote = api.repository(name)
        try:
            remote.create_git_ref(f"refs/heads/{branch}", base)
        except GithubException as error:
            if "Reference already exists" not in said(error):
                raise
            remote.get_git_ref(f"heads/{branch}").complete().edit(base, force=True)


def _commit(api: Api, name: str, branch: str, parent: str, draft: Draft) -> str:
    headline, _, body = draft.message.partition("\n")
    given = {
        "branch": {"repositoryNameWithOwner": name, "branchName": branch},
        "expectedHeadOid": parent,
        "message": {"headline": headline, "body": body.strip()},
        "fileChanges": _changes(draft.edits),
    }
    with api.asking(f"commit to {branch} in {name}"):
        try:
            answer = api.mutate(name, "createCommitOnBranch", given, "commit { oid }")
        except GithubException as error:
            if status(error) == 409:
                raise Unavailable(
                    f"{branch} in {name} moved while commits were made on it: someone asked for the same at the same"
                    " time. Try again in a moment."
                ) from None
            raise
        return str(answer["commit"]["oid"])


def _changes(edits: Sequence[Edit]) -> dict[str, Any]:
    """Lists that would be empty are left out: GitHub takes none for wrong."""
    additions = [
        {"path": edit.path, "contents": b64encode(edit.after).decode()} for edit in edits if edit.after is not None
    ]
    deletions = [{"path": edit.path} for edit in edits if edit.after is None]
    return ({"additions": additions} if additions else {}) | ({"deletions": deletions} if deletions else {})
