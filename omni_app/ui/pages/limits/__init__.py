"""Limits and abuse: how much a customer may ask, what was refused, and what looked like abuse."""
