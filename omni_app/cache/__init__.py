"""Answers that were given before and may be given again: the semantic cache.

Three tiers: this process (`process`), Redis (`shared`), PostgreSQL (`stored`). An exact match of the normalised words comes
first; then the nearest stored question, judged by a learned verifier.
"""
