"""Our pull requests: what one says and gets, what it would move, and what it became. Reads only."""
