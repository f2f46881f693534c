"""How the suite is run: how long properties are tried, and which tests share a process.

Properties are tried briefly in the default suite, thoroughly by `make test-all`. Without deadlines: how long an example
takes is the machine's affair, and figures are the bench's.
"""

import gc
import logging
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

settings.register_profile("brief", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None)
settings.load_profile("brief")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: a good part of the tests' time is waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what stays to the end: not while thousands of tests are collected, nor after."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """The program sets up its process's log, which is the next test's process as well."""
    yield
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(logging.NOTSET)
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests go to one process together: a module's, since its fixtures are made once; all that need a real
    API server, since each process would start one; and each scenario by itself, since those take the longest."""
    for item in items:
        group = "envtest" if item.get_closest_marker("envtest") else item.nodeid.partition("::")[0]
        if group.endswith("test_scenarios.py"):
            group = item.nodeid
        item.add_marker(pytest.mark.xdist_group(group))
