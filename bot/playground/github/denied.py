"""A request that GitHub would turn down, with the status and the words it uses."""

from collections.abc import Mapping, Sequence
from typing import Any


class Denied(Exception):  # noqa: N818 - it is an answer, not a fault
    def __init__(self, status: int, message: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)

    @property
    def body(self) -> dict[str, Any]:
        """As in https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""
        said: dict[str, Any] = {"message": self.message}
        if self.errors:
            said["errors"] = list(self.errors)
        return said | {"documentation_url": "https://docs.github.com/rest", "status": str(self.status)}


def invalid(resource: str, field: str, code: str = "invalid") -> Denied:
    """422 for a field that is wrong (`invalid`) or not given (`missing_field`)."""
    return Denied(422, "Validation Failed", [{"resource": resource, "field": field, "code": code}])


def unprocessable(resource: str, message: str, field: str | None = None) -> Denied:
    """422 with a sentence of GitHub's."""
    error = {"resource": resource, "code": "custom", "message": message}
    return Denied(422, "Validation Failed", [error | ({"field": field} if field else {})])
