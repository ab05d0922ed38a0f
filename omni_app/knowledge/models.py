"""What a business taught: FAQs and the ways people ask for them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import Column
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, time_field


class Faq(Table, table=True):
    """One question with its answer. `version` grows with each edit, so two editors notice each other."""

    __tablename__ = "faqs"

    id: UUID = id_field()
    business_id: UUID = business_field()
    question: str
    answer: str
    version: int = 1
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class Phrasing(Table, table=True):
    """One way to ask; position 0 is the question itself. The vector says which model made it; sizes differ by model."""

    __tablename__ = "phrasings"

    id: UUID = id_field()
    business_id: UUID = business_field()
    faq_id: UUID = Field(foreign_key="faqs.id", index=True, ondelete="CASCADE")
    position: int
    text: str
    embedding_model: str
    embedding: Any = Field(sa_column=Column(VECTOR(), nullable=False))
