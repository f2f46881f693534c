"""What a person typed, as an invocation. No I/O: what exists is handed in as a vocabulary."""
