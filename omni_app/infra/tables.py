"""The one metadata of all tables, and the columns they share."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from omni_app.infra.clock import now
from omni_app.infra.ids import new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """Base of every table: one metadata with named constraints."""

    metadata = MetaData(naming_convention=NAMES)


def id_field() -> Any:
    return Field(default_factory=new_id, primary_key=True, sa_type=Uuid)


def business_field(*, index: bool = True) -> Any:
    return Field(foreign_key="businesses.id", index=index, nullable=False, ondelete="CASCADE")


def time_field(**options: Any) -> Any:
    """An aware UTC time, now by default."""
    return Field(default_factory=now, sa_type=DateTime(timezone=True), **options)


def maybe_time_field(**options: Any) -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), **options)


def json_field(default: Any = dict) -> Any:
    return Field(default_factory=default, sa_type=JSONB)


__all__ = ["JSONB", "UUID", "Table", "business_field", "datetime", "id_field", "json_field", "maybe_time_field", "time_field"]
