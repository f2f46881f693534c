"""How fast it is, beside what one would do without it: `make bench`. It measures; it passes or fails nothing."""
