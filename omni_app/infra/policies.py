"""The SQL of row-level security, used by migrations and checked by `tests/architecture`.

Roles: `omni_owner` migrates, `omni_app` works inside one business, `omni_system` sees all without BYPASSRLS.
"""

_MINE = "nullif(current_setting('app.business_id', true), '')::uuid"


def protect(table: str, column: str = "business_id") -> list[str]:
    """Statements that make `table` a tenant table: forced row-level security, one policy a role, grants.

    `nullif` is needed: after a transaction-local set_config the same connection reports '' and not NULL.
    FORCE binds the owner too, so data migrations need a policy of their own.
    """
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy tenant on {table} to omni_app using ({column} = {_MINE}) with check ({column} = {_MINE})",
        f"create policy system on {table} to omni_system using (true) with check (true)",
        f"create policy migrate on {table} to omni_owner using (true) with check (true)",
        f"grant select, insert, update, delete on {table} to omni_app, omni_system",
    ]


def protect_inbox(table: str) -> list[str]:
    """Statements that make `table` a system table into which `omni_app` may only insert, for its own business or none."""
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy put on {table} for insert to omni_app with check (business_id = {_MINE})",
        f"create policy system on {table} to omni_system using (true) with check (true)",
        f"create policy migrate on {table} to omni_owner using (true) with check (true)",
        f"grant insert on {table} to omni_app",
        f"grant select, insert, update, delete on {table} to omni_system",
    ]


def protect_system(table: str) -> list[str]:
    """Statements that make `table` a system table which `omni_app` cannot touch at all."""
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy system on {table} to omni_system using (true) with check (true)",
        f"create policy migrate on {table} to omni_owner using (true) with check (true)",
        f"grant select, insert, update, delete on {table} to omni_system",
    ]
