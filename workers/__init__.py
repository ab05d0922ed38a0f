"""Background work. `main` runs jobs, `schedule` enqueues due work and sweeps; one file of handlers per area."""
