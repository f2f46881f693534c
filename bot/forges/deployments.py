"""What GitHub is told of a change that is deployed."""

from typing import Final

CONTEXT: Final = "quarterdeck/"
"""Begins the names of our commit statuses."""
