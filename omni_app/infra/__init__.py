"""Machines, not customers: database, queue, live notes, Redis, crypto, clock, errors, logs, metrics.

Nothing here knows a business rule; every room above may import it.
"""
