"""Clusters on 127.0.0.1 that speak the Kubernetes API: for the playground's pages and for tests.

Stateful, in memory, and honest where clients look: discovery, lists in pages, watches, patches, defaulted fields,
`Status` errors. There is no scheduler and no node; `rollout.py` plays the controllers. Knows nothing of the bot.
"""

from bot.playground.kubernetes.agent import Agent
from bot.playground.kubernetes.api import Cluster, mount
from bot.playground.kubernetes.page import pages

__all__ = ["Agent", "Cluster", "mount", "pages"]
