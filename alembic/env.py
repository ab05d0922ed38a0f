"""Runs migrations as `omni_owner` (OMNI_DATABASE_OWNER_URL)."""

from sqlalchemy import create_engine, pool, text

import omni_app.api.models
import omni_app.audit.models
import omni_app.budgets.models
import omni_app.cache.models
import omni_app.channels.models
import omni_app.conversations.models
import omni_app.customers.models
import omni_app.infra.jobs
import omni_app.insights.models
import omni_app.knowledge.models
import omni_app.limits.models
import omni_app.notices.models
import omni_app.orchestrator.models
import omni_app.tenancy.models  # noqa: F401
from alembic import context
from omni_app.infra.tables import Table
from omni_app.settings import load_settings


def run() -> None:
    url = load_settings().omni_database_owner_url
    if url is None:
        raise SystemExit("set OMNI_DATABASE_OWNER_URL to migrate; `make run` and `make test` do")
    engine = create_engine(url.get_secret_value(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        # Yesterday's code is still running: give up rather than block it.
        connection.execute(text("set lock_timeout = '5s'"))
        connection.execute(text("set statement_timeout = '5min'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=Table.metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
