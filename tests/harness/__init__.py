"""What the tests run on: real PostgreSQL and Redis, real processes, a real browser, a closed network.

`services` starts the servers once and gives each test worker a database; `cleaning` empties it; `processes` runs web, worker and
scheduler; `network` refuses to leave this machine; `plugin` offers it all as fixtures.
"""
