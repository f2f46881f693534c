"""Desired objects against live ones: what differs, and what is noise. Pure: no I/O, no clock."""
