"""Files that steer a repository, its forge or this bot. No commit of ours changes one, whatever its edits say.

The one list of them; whoever may change them does so by hand.
"""

_FOLDERS = frozenset({".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".quarterdeck"})
"""At the root: workflows, owners and templates of forges, where a commit can give itself rights."""
_FILES = frozenset(
    {
        *("quarterdeck.yaml", "quarterdeck.yml"),
        "codeowners",  # GitHub looks in .github/, the root and docs/; GitLab in .gitlab/ too
        *(".gitattributes", ".gitmodules", ".gitignore", ".lfsconfig", ".mailmap"),
        *(".gitlab-ci.yml", ".sops.yaml"),
    }
)
"""In any folder."""
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
"""How the file that stands in for one kept by Git LFS begins (git-lfs/docs/spec.md)."""


_OURS = b".quarterdeck/ignore.yaml"
"""What `drift ignore` proposes, by pull request alone: it steers what is told, not what may be done."""


def is_protected(path: bytes) -> bool:
    """Capitals don't matter, since some file systems and forges don't tell them apart."""
    if path == _OURS:
        return False
    names = path.decode(errors="replace").casefold().split("/")
    return names[0] in _FOLDERS or names[-1] in _FILES
