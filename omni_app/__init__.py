"""Omni: one brain through seven mouths. The order of the rooms is checked by `lint-imports` (pyproject.toml)."""
