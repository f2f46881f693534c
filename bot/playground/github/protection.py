"""What GitHub answers to a push that a branch's rules forbid, by the hook that git asks before it takes one.

The words are those of
https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches
and of repository rules. Git adds `pre-receive hook declined` where GitHub says `protected branch hook declined`.
"""

from collections.abc import Mapping
from pathlib import Path

from bot.playground.github.rules import Protection

HOOK = """#!/bin/sh
# Branches, one a line, that change by pull request only, and those that take signed commits only.
status=0
while read -r old new ref; do
  if printf '%s\\n' "$PLAYGROUND_PULLS" | grep -Fqx -- "$ref"; then
    echo "error: GH006: Protected branch update failed for $ref." >&2
    echo "error: Changes must be made through a pull request." >&2
    status=1
  fi
  if printf '%s\\n' "$PLAYGROUND_SIGNED" | grep -Fqx -- "$ref" && [ -n "${new##0000000*}" ]; then
    for commit in $(git rev-list "$new" --not --branches); do
      if ! git cat-file commit "$commit" | sed '/^$/q' | grep -q '^gpgsig '; then
        echo "error: GH013: Repository rule violations found for $ref." >&2
        echo "- Commits must have verified signatures." >&2
        echo "  Found 1 violation: $commit" >&2
        status=1
      fi
    done
  fi
done
exit $status
"""


def install(folder: Path) -> Path:
    """The folder to be git's `core.hooksPath`: nothing in it comes from a repository."""
    folder.mkdir(parents=True, exist_ok=True)
    hook = folder / "pre-receive"
    hook.write_text(HOOK, encoding="utf-8")
    hook.chmod(0o755)
    return folder


def guarding(rules: Mapping[str, Protection]) -> dict[str, str]:
    """What the hook is told about a repository's branches."""
    return {
        "PLAYGROUND_PULLS": "\n".join(f"refs/heads/{branch}" for branch, rule in rules.items() if rule.pulls),
        "PLAYGROUND_SIGNED": "\n".join(f"refs/heads/{branch}" for branch, rule in rules.items() if rule.signed),
    }
