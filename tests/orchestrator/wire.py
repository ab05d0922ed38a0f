"""What goes over the wire to PostgreSQL, as libpq itself traces it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.pq import Trace
from sqlalchemy import event

from omni_app.infra.database import app_engine


@dataclass(slots=True)
class Wire:
    """Counted when the block has ended; BEGIN and COMMIT are statements too."""

    statements: int = 0
    commits: int = 0


@contextmanager
def traced() -> Iterator[Wire]:
    """Everything the pool of businesses sends during the block."""
    wire, seen = Wire(), []
    with tempfile.TemporaryFile("w+b") as file:

        def trace(connection: Any, *_: object) -> None:
            pgconn = connection.driver_connection.pgconn
            pgconn.trace(file.fileno())
            pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
            seen.append(pgconn)

        pool = app_engine().sync_engine.pool
        event.listen(pool, "checkout", trace)
        try:
            yield wire
        finally:
            event.remove(pool, "checkout", trace)
            for pgconn in seen:
                pgconn.untrace()
        file.seek(0)
        sent = [line.split(b"\t") for line in file.read().splitlines() if line.startswith(b"F\t")]
    kinds = [parts[2].split()[0] for parts in sent]
    wire.statements = kinds.count(b"Execute") + kinds.count(b"Query")
    wire.commits = sum(b'"COMMIT"' in b"\t".join(parts) for parts in sent if parts[2].split()[0] in (b"Parse", b"Query"))
