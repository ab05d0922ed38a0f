"""Stored answers, what may never be served again, and the business's own verifier."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


class CachedAnswer(Table, table=True):
    """An answer that anyone who asks the same may get.

    `kind`: asked (a customer asked), warmed (asked of the model ahead), faq (a taught phrasing), same (a wording that was found
    to mean another entry, `same_as_id`: served when asked again word for word, and no evidence for further wordings). Entries
    with one `answer_hash` say the same. `depends` names what it was made from, `faq:<id>` and `document:<id>`; a changed one
    removes the entry. Model answers hold the persona (rules, hours, prices) of `persona_version` and are valid for it alone.
    """

    __tablename__ = "cached_answers"
    __table_args__ = (
        UniqueConstraint("business_id", "question_hash"),
        Index("ix_cached_answers_age", "business_id", "created_at"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    question_hash: str
    question: str = ""
    knowledge_version: int = Field(sa_type=BigInteger)
    kind: str = "asked"
    same_as_id: UUID | None = Field(default=None, foreign_key="cached_answers.id", index=True, ondelete="CASCADE")
    text: str
    answer_hash: str = ""
    source: str
    confidence: float | None = None
    sources: list[dict[str, Any]] = json_field(list)
    depends: list[str] = json_field(list)
    persona_version: int | None = Field(default=None, sa_type=BigInteger)
    cost_nusd: int = Field(default=0, sa_type=BigInteger, description="What making it cost, and what serving it saves")
    embedding_model: str = ""
    embedding: Any = Field(default=None, sa_column=Column(VECTOR(), nullable=True))
    created_at: datetime = time_field()
    expires_at: datetime = time_field(index=True)


class CacheRejection(Table, table=True):
    """Staff said "wrong here": this answer is never served to this question again, nor to what means the same."""

    __tablename__ = "cache_rejections"
    __table_args__ = (UniqueConstraint("business_id", "question_hash", "answer_hash"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    question_hash: str
    question: str
    answer_hash: str
    receipt_id: UUID | None = None
    matched_question: str = Field(default="", description="The stored question it was taken for; empty: an exact match")
    embedding_model: str = ""
    embedding: Any = Field(default=None, sa_column=Column(VECTOR(), nullable=True))
    created_by: str = ""
    created_at: datetime = time_field()


class CacheVerifier(Table, table=True):
    """The rule of one business that says whether two questions mean the same: the shared one, shifted by its own evidence."""

    __tablename__ = "cache_verifiers"

    business_id: UUID = Field(foreign_key="businesses.id", primary_key=True, ondelete="CASCADE")
    embedding_model: str
    coefficients: list[float] = json_field(list)
    pairs: int = Field(description="Judged pairs it was fitted to")
    fitted_at: datetime = time_field()


class CacheWarming(Table, table=True):
    """One run that asks the model common questions ahead of the customers, within `limit_nusd`."""

    __tablename__ = "cache_warmings"

    id: UUID = id_field()
    business_id: UUID = business_field()
    status: str = Field(default="running", description="running, done, stopped")
    wanted: int = 0
    done: int = 0
    stored: int = 0
    cost_nusd: int = Field(default=0, sa_type=BigInteger)
    limit_nusd: int = Field(default=0, sa_type=BigInteger)
    problem: str = ""
    created_by: str = ""
    created_at: datetime = time_field()
    finished_at: datetime | None = maybe_time_field()
