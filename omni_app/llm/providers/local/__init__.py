"""Models that run on this machine and need no key."""
