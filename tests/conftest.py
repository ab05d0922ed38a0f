"""Fixtures for all tests live in `tests/harness/plugin.py`."""

# The measuring first: it sees what is imported after it.
pytest_plugins = ["tests.harness.measuring", "tests.harness.plugin"]
