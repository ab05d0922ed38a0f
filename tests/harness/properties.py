"""How property tests (Hypothesis) run: the same examples each time, and by no clock.

Their default refuses an example that takes more than 200 ms and a strategy that takes a second for its first ten: on a machine
that is busy with something else both happen to sound code. Settings of a single test add to these; one that names
`suppress_health_check` itself has to name `too_slow` again.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
