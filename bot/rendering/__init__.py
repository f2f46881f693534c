"""A target's files -> the objects it declares. Reads untrusted repositories: nothing in them runs or leads outside."""
