"""The store's schema, step by step, by Alembic. Must not import the tables: a step stays what it was."""

NEWEST = "0004"
"""The last step's revision. Here so that opening a store that is current need not load Alembic."""
