"""Quarterdeck: commands in chat become commits, pull requests and answers. docs/architecture.md draws the rooms."""
