# SPDX-License-Identifier: MIT
"""End-to-end tests: the built daemon and real peers."""

import os
import sys

import pytest

sys.path.insert(
    0, os.path.join(os.path.dirname(__file__), "..", "support"))


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with scripts/test --long")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("PENSTOCK_LONG"):
        return
    skip = pytest.mark.skip(reason="only with scripts/test --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)
