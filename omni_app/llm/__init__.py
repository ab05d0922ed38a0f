"""Models and the contracts they fulfil: sentence vectors and written answers.

`contract.py` says what a model is, `embedding.py` gives sentence vectors off the event loop, `registry.py` finds the configured
language model, `providers/<kind>/` holds the adapters. Nothing here reads or writes the database.
"""
