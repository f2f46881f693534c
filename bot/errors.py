"""The two ways a command ends without doing anything. There is no third: what is neither is a defect of ours.

Both carry one sentence for the person: what was seen, why not, and what to type next. They never carry a secret,
a stack trace or the body of an answer from outside.
"""


class Refusal(Exception):  # noqa: N818 - it is an answer to the person, not a fault of the program
    """The person can put it right: a word, a rule or a state of the repository stands against it."""


class Protected(Refusal):
    """The remote's rules keep pushes off that branch, and a pull request may reach it. Nothing was pushed."""


class Unavailable(Exception):  # noqa: N818 - see above
    """The world stands against it: Git, the forge or a cluster can't be reached or said no. Nothing was changed."""

    def __init__(self, message: str, *, retry_after: float | None = None, unsure: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until another try makes sense, where the other side said so."""
        self.unsure = unsure
        """The answer was lost, so it may have been done all the same."""


class Gone(Unavailable):
    """What should be changed or added to is no longer there: somebody took it away. It won't come back."""
