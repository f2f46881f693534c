"""Promotions that are followed, from asked for to healthy: how far they are, and how that is told."""
