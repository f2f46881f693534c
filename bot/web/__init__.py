"""HTTP to the bot: deliveries from outside, and how the process is."""
