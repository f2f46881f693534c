"""What open pull requests would move."""

import memory

from bot import branches
from bot.pulls.pending import pending


def test_a_release_moves_nothing_where_there_is_nothing_to_move() -> None:
    release = memory.pull("quarterdeck/release/staging/2-services-0123456789")
    assert branches.is_release(release.branch)
    assert [*pending(memory.Git({"README": "nothing"}), [release], [])] == []
