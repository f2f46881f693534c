"""What Git, the forge and the clusters can't tell again, kept in SQLite: `bot.store.store.Store`."""
