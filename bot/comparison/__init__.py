"""Desired objects against live ones: what differs, and what is noise. Pure: no I/O, no clock."""

from bot.comparison.compare import compare, compare_all, verdict
from bot.comparison.identity import flatten, reference, references

__all__ = ["compare", "compare_all", "flatten", "reference", "references", "verdict"]
