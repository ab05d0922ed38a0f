"""Fixtures for all tests live in `tests/harness/plugin.py`."""

pytest_plugins = ["tests.harness.plugin"]
