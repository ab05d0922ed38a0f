"""What a business taught: FAQs with the ways people ask for them, and documents cut into passages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field

from omni_app.infra.tables import Table, business_field, id_field, json_field, maybe_time_field, time_field


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


class FaqSuggestion(Table, table=True):
    """An FAQ worth writing: customers ask it often and a model answers (`often_asked`), or nobody could answer (`not_known`).

    `examples` are wordings of customers; `saving_nusd` what it would have saved in the last 30 days. `status`: open, taken
    (`faq_id`), dismissed.
    """

    __tablename__ = "faq_suggestions"
    __table_args__ = (UniqueConstraint("business_id", "group_key"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    group_key: str = Field(description="Normal form of the wording that stands for the group")
    kind: str
    question: str
    answer: str = ""
    examples: list[str] = json_field(list)
    asked: int = 0
    saving_nusd: int = Field(default=0, sa_type=BigInteger)
    status: str = "open"
    faq_id: UUID | None = Field(default=None, foreign_key="faqs.id", ondelete="SET NULL")
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class Document(Table, table=True):
    """One text the assistant may quote. `kind`: text, markdown, html, pdf, docx, csv.

    `status`: waiting, reading, embedding, ready, failed (`problem` says why, in the reader's words). `text` is what was read;
    passages are spans of it. Each new text is a new `edition`; until it is ready `next_text` holds it and the passages of
    `served_edition` (0: none yet), spans of `text`, go on answering.
    """

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("business_id", "sha256"),)

    id: UUID = id_field()
    business_id: UUID = business_field(index=False)
    title: str
    kind: str
    file_name: str = ""
    size: int = 0
    sha256: str
    storage_key: str = ""
    status: str = "waiting"
    problem: str = ""
    text: str = ""
    next_text: str = ""
    edition: int = 1
    served_edition: int = 0
    pages: int | None = None
    passages: int = 0
    passages_done: int = 0
    version: int = 1
    created_by: str = ""
    created_at: datetime = time_field()
    updated_at: datetime = time_field()
    ready_at: datetime | None = maybe_time_field()


class Passage(Table, table=True):
    """One piece of a document: `text` stands at `start`..`end` (characters) of the document's text, below `heading`.

    `page` is 1-based, for paged documents only. Without a vector it is not searched yet.
    """

    __tablename__ = "passages"
    __table_args__ = (
        UniqueConstraint("document_id", "edition", "position"),
        Index("ix_passages_unembedded", "document_id", postgresql_where="embedding is null"),
    )

    id: UUID = id_field()
    business_id: UUID = business_field()
    document_id: UUID = Field(foreign_key="documents.id", ondelete="CASCADE")
    edition: int = 1
    position: int
    heading: str = ""
    text: str
    start: int
    end: int
    page: int | None = None
    embedding_model: str = ""
    embedding: Any = Field(default=None, sa_column=Column(VECTOR(), nullable=True))
