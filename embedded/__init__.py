"""The embedded default: one command runs the whole product with nothing installed beside Python.

`supervisor` starts and watches everything; `postgres` and `redis` know their binaries and flags; `children` starts, restarts and
stops one child; `leftovers` ends what a killed supervisor left behind; `home` owns the folder OMNI_HOME. Imports no room of the
product: children are other processes.
"""
