"""Limits and budget: how much a customer may ask, how much answers may cost."""
