"""Quarterdeck: commands in chat become commits, pull requests and answers. The rooms are drawn in docs/architecture.md."""
