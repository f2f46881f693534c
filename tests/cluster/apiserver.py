"""One real API server for the whole test session, where KUBEBUILDER_ASSETS names a folder that holds its programs.

Tests that write work in a namespace of their own (`ApiServer.namespace`).
"""

import atexit
import functools
import os
import tempfile
from pathlib import Path

import pytest

from bot.playground.kubernetes.envtest import ApiServer, start

NO_ASSETS = "KUBEBUILDER_ASSETS is not set: no real API server here"


@functools.cache
def shared() -> ApiServer:
    """The session's server, started at the first call and stopped when the process ends. Skips where there is none."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        pytest.skip(NO_ASSETS)
    folder = tempfile.TemporaryDirectory(prefix="apiserver-")
    atexit.register(folder.cleanup)
    server = start(Path(assets), Path(folder.name))
    atexit.register(server.stop)  # runs before the folder is removed: last registered, first called
    return server


@pytest.fixture(scope="session")
def api_server() -> ApiServer:
    """Import this fixture into a test module; every module gets the same server."""
    return shared()
