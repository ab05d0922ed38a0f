"""The first page: what happens today."""
