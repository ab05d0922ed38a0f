"""API keys: what programs use to talk to Omni."""
