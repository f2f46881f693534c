"""One verb a file: what it reads, what it decides, and what should happen. None of them can write."""
