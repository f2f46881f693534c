"""What the bot does unasked, by the clock."""
