"""How services stand, in words and for scripts. Pure: what was looked at is given, and `now` is an argument."""
