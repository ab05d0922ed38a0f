"""A row for any table, made from its metadata: the walk over the catalogue needs no list to keep up to date."""

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import VECTOR, Vector
from sqlalchemy import Boolean, Column, Date, DateTime, Float, Integer, LargeBinary, String, Table, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from omni_app.infra.ids import new_id

Rows = dict[str, Mapping[str, Any]]
"""Table name -> one row in it."""


def make_row(table: Table, business_id: UUID, rows: Rows) -> dict[str, Any]:
    """Values for every column without a default in the database; foreign keys lead to `rows`, which holds the tables before."""
    return {column.name: _value(column, business_id, rows) for column in table.columns}


def _value(column: Column[Any], business_id: UUID, rows: Rows) -> Any:
    if column.name == "business_id":
        return business_id
    for key in column.foreign_keys:
        if key.column.table is not column.table:
            return rows[key.column.table.name][key.column.name]
    if column.nullable:
        return None
    # SQLModel wraps String in a decorator.
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, Uuid):
        return new_id()
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        # Small, and different for each row that a unique index compares.
        return 0 if column.name.endswith("_nusd") else secrets.randbelow(2**30)
    if isinstance(kind, Float):
        return 0.5
    if isinstance(kind, DateTime):
        return datetime.now(UTC) + timedelta(days=1)
    if isinstance(kind, Date):
        return date(2026, 1, 1)
    if isinstance(kind, Vector | VECTOR):
        return [0.5] * (kind.dim or 384)
    if isinstance(kind, JSONB):
        return {}
    if isinstance(kind, ARRAY):
        return []
    if isinstance(kind, LargeBinary):
        return b"bytes"
    if isinstance(kind, String):
        return secrets.token_hex(8)
    raise TypeError(f"say in {__name__} how to fill {column} of type {kind!r}")
