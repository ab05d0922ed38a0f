"""Measurements, run by hand or by `make bench`; never part of the tests and never imported by the product."""
