"""Slack, and nothing outside this room knows it: deliveries in, replies out."""
