"""The repository that the sample's payment is built from, so that a pull request can tell what is new in a version."""

from bot.playground.github import GitHub

NAME = "acme/payment"

VERSIONS = {
    "v1.1.0": [("ana", "Take payments by invoice (#12)")],
    "v1.2.0": [("ben", "Keep a ledger of refunds (#33)")],
    "v1.3.0": [
        ("ben", "Retry declined cards once (#41)"),
        ("ana", "Correct a word in the log"),
        ("ana", "Say why a card was declined (#42)"),
    ],
    "v1.4.0": [("ben", "Charge in the currency of the card (#44)")],
}
"""What each version brought, oldest first: who, and the commit's subject."""


def write(github: GitHub) -> None:
    """Make the repository, with a tag for each version."""
    repository = github.create_repository(NAME, {"README.md": b"# payment\n"}, message="Begin")
    told = ""
    for version, commits in VERSIONS.items():
        for login, subject in commits:
            told = f"- {subject}\n{told}"
            tip = repository.commit("main", {"CHANGES.md": told.encode()}, f"{subject}\n", github.people[login])
        repository.bare.point(f"refs/tags/{version}", tip)
