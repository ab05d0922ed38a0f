"""Parameters and shapes that several routes share."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

Channel = Literal["voice", "chat", "email", "sms", "whatsapp", "telegram", "instagram"]

PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="From 1")]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows on a page")]
Search = Annotated[str, Query(max_length=200)]

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment in ISO 8601, in UTC."""
