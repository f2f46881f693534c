"""What the clusters hold, read through their API servers; nothing is written there."""
