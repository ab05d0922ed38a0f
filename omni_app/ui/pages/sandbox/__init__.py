"""Sandbox: be a customer on any channel, with no account anywhere."""
