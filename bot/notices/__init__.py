"""Services that do badly by themselves: what of it is worth telling the environment's channel, and its words."""
