"""the line"""

import pgvector.sqlalchemy
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from omni_app.infra.policies import protect

revision = "3f2a61c07d15"
down_revision = "675201088472"
branch_labels = None
depends_on = None

TENANT = (
    "canned_answers",
    "documents",
    "labels",
    "customer_notes",
    "merges",
    "passages",
    "conversation_labels",
    "drafts",
    "notes",
    "verification_codes",
    "attachments",
    "memories",
)


# Added columns keep their default in the database: yesterday's code still inserts while the new one starts.
def upgrade() -> None:
    op.create_table(
        "canned_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("shortcut", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_canned_answers_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_answers")),
        sa.UniqueConstraint("business_id", "shortcut", name=op.f("uq_canned_answers_business_id_shortcut")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("next_text", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("served_edition", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("passages_done", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_documents_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("business_id", "sha256", name=op.f("uq_documents_business_id_sha256")),
    )
    op.create_table(
        "labels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("color", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_labels_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("business_id", "name", name=op.f("uq_labels_business_id_name")),
    )
    op.create_table(
        "customer_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_customer_notes_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_notes_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_notes")),
    )
    op.create_index(op.f("ix_customer_notes_business_id"), "customer_notes", ["business_id"], unique=False)
    op.create_index(op.f("ix_customer_notes_customer_id"), "customer_notes", ["customer_id"], unique=False)
    op.create_table(
        "merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_merges_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["from_id"], ["customers.id"], name=op.f("fk_merges_from_id_customers"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["into_id"], ["customers.id"], name=op.f("fk_merges_into_id_customers"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_business_id"), "merges", ["business_id"], unique=False)
    op.create_index(op.f("ix_merges_from_id"), "merges", ["from_id"], unique=False)
    op.create_index(op.f("ix_merges_into_id"), "merges", ["into_id"], unique=False)
    op.create_table(
        "passages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("embedding_model", sa.String(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.VECTOR(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_passages_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_passages_document_id_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
        sa.UniqueConstraint("document_id", "edition", "position", name=op.f("uq_passages_document_id_edition_position")),
    )
    op.create_index(op.f("ix_passages_business_id"), "passages", ["business_id"], unique=False)
    op.create_index("ix_passages_unembedded", "passages", ["document_id"], unique=False, postgresql_where="embedding is null")
    op.create_table(
        "conversation_labels",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_conversation_labels_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_labels_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_conversation_labels_label_id_labels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "label_id", name=op.f("pk_conversation_labels")),
    )
    op.create_index(op.f("ix_conversation_labels_business_id"), "conversation_labels", ["business_id"], unique=False)
    op.create_index(op.f("ix_conversation_labels_label_id"), "conversation_labels", ["label_id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_drafts_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_drafts_conversation_id_conversations"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_drafts_member_id_members"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id", "conversation_id", "kind", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_business_id"), "drafts", ["business_id"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("after_seq", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("mentions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_notes_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_notes_conversation_id_conversations"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_business_id"), "notes", ["business_id"], unique=False)
    op.create_index(op.f("ix_notes_conversation_id"), "notes", ["conversation_id"], unique=False)
    op.create_table(
        "verification_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("contact_point_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_verification_codes_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_point_id"],
            ["contact_points.id"],
            name=op.f("fk_verification_codes_contact_point_id_contact_points"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_codes")),
    )
    op.create_index(op.f("ix_verification_codes_business_id"), "verification_codes", ["business_id"], unique=False)
    op.create_index(op.f("ix_verification_codes_contact_point_id"), "verification_codes", ["contact_point_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_attachments_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_attachments_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_attachments_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id_messages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_business_id"), "attachments", ["business_id"], unique=False)
    op.create_index(op.f("ix_attachments_conversation_id"), "attachments", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_attachments_customer_id"), "attachments", ["customer_id"], unique=False)
    op.create_index(op.f("ix_attachments_message_id"), "attachments", ["message_id"], unique=False)
    op.create_table(
        "memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("embedding_model", sa.String(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.VECTOR(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_memories_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_memories_conversation_id_conversations"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_memories_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_memories_message_id_messages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
        sa.UniqueConstraint("message_id", name=op.f("uq_memories_message_id")),
    )
    op.create_index(op.f("ix_memories_business_id"), "memories", ["business_id"], unique=False)
    op.create_index(op.f("ix_memories_conversation_id"), "memories", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_memories_customer_id"), "memories", ["customer_id"], unique=False)
    op.create_index("ix_memories_model", "memories", ["embedding_model"], unique=False)
    op.add_column("businesses", sa.Column("documents_version", sa.BigInteger(), nullable=False, server_default="1"))
    op.add_column("businesses", sa.Column("identity_secret", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "businesses", sa.Column("pre_chat", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.add_column(
        "contact_points", sa.Column("hints", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.add_column("contact_points", sa.Column("proven_by", sa.String(), nullable=False, server_default=""))
    op.drop_constraint(op.f("uq_contact_points_business_id_kind_channel_value_index"), "contact_points", type_="unique")
    op.create_index("ix_contact_points_value", "contact_points", ["business_id", "value_index"], unique=False)
    op.create_unique_constraint(
        op.f("uq_contact_points_customer_id_kind_channel_value_index"),
        "contact_points",
        ["customer_id", "kind", "channel", "value_index"],
    )
    op.create_index(
        "uq_contact_points_proven",
        "contact_points",
        ["business_id", "kind", "channel", "value_index"],
        unique=True,
        postgresql_where="proof = 'proven'",
    )
    op.add_column("conversations", sa.Column("priority", sa.String(), nullable=False, server_default="normal"))
    op.add_column("conversations", sa.Column("summary", sa.String(), nullable=False, server_default=""))
    op.add_column("conversations", sa.Column("summarised_seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("conversations", sa.Column("language", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "conversations", sa.Column("page", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.add_column("conversations", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversations", sa.Column("handover_summary", sa.String(), nullable=False, server_default=""))
    op.add_column("customers", sa.Column("timezone", sa.String(), nullable=False, server_default=""))
    op.add_column("customers", sa.Column("birthday", sa.Date(), nullable=True))
    op.add_column("customers", sa.Column("consent", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}"))
    op.add_column("customers", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("customers", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customers", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject_id", "created_at"], unique=False)
    op.create_index(op.f("ix_customers_merged_into_id"), "customers", ["merged_into_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_customers_merged_into_id_customers"), "customers", "customers", ["merged_into_id"], ["id"], ondelete="CASCADE"
    )
    op.add_column(
        "messages", sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.add_column("mails", sa.Column("business_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_mails_business_id"), "mails", ["business_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_mails_business_id_businesses"), "mails", "businesses", ["business_id"], ["id"], ondelete="CASCADE"
    )
    op.add_column("messages", sa.Column("embedded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_messages_unembedded",
        "messages",
        ["created_at"],
        unique=False,
        postgresql_where="embedded_at is null and role <> 'system'",
    )
    for table in TENANT:
        for statement in protect(table):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_audit_entries_subject", table_name="audit_entries")
    op.drop_index("ix_messages_unembedded", table_name="messages", postgresql_where="embedded_at is null and role <> 'system'")
    op.drop_column("messages", "embedded_at")
    op.drop_constraint(op.f("fk_mails_business_id_businesses"), "mails", type_="foreignkey")
    op.drop_index(op.f("ix_mails_business_id"), table_name="mails")
    op.drop_column("mails", "business_id")
    op.drop_column("messages", "attachments")
    op.drop_constraint(op.f("fk_customers_merged_into_id_customers"), "customers", type_="foreignkey")
    op.drop_index(op.f("ix_customers_merged_into_id"), table_name="customers")
    op.drop_column("customers", "merged_into_id")
    op.drop_column("customers", "verified_at")
    op.drop_column("customers", "version")
    op.drop_column("customers", "consent")
    op.drop_column("customers", "birthday")
    op.drop_column("customers", "timezone")
    op.drop_column("conversations", "handover_summary")
    op.drop_column("conversations", "snoozed_until")
    op.drop_column("conversations", "page")
    op.drop_column("conversations", "language")
    op.drop_column("conversations", "summarised_seq")
    op.drop_column("conversations", "summary")
    op.drop_column("conversations", "priority")
    op.drop_index("uq_contact_points_proven", table_name="contact_points", postgresql_where="proof = 'proven'")
    op.drop_constraint(op.f("uq_contact_points_customer_id_kind_channel_value_index"), "contact_points", type_="unique")
    op.drop_index("ix_contact_points_value", table_name="contact_points")
    op.create_unique_constraint(
        op.f("uq_contact_points_business_id_kind_channel_value_index"),
        "contact_points",
        ["business_id", "kind", "channel", "value_index"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("contact_points", "proven_by")
    op.drop_column("contact_points", "hints")
    op.drop_column("businesses", "pre_chat")
    op.drop_column("businesses", "identity_secret")
    op.drop_column("businesses", "documents_version")
    op.drop_index("ix_memories_model", table_name="memories")
    op.drop_index(op.f("ix_memories_customer_id"), table_name="memories")
    op.drop_index(op.f("ix_memories_conversation_id"), table_name="memories")
    op.drop_index(op.f("ix_memories_business_id"), table_name="memories")
    op.drop_table("memories")
    op.drop_index(op.f("ix_attachments_message_id"), table_name="attachments")
    op.drop_index(op.f("ix_attachments_customer_id"), table_name="attachments")
    op.drop_index(op.f("ix_attachments_conversation_id"), table_name="attachments")
    op.drop_index(op.f("ix_attachments_business_id"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(op.f("ix_verification_codes_contact_point_id"), table_name="verification_codes")
    op.drop_index(op.f("ix_verification_codes_business_id"), table_name="verification_codes")
    op.drop_table("verification_codes")
    op.drop_index(op.f("ix_notes_conversation_id"), table_name="notes")
    op.drop_index(op.f("ix_notes_business_id"), table_name="notes")
    op.drop_table("notes")
    op.drop_index(op.f("ix_drafts_business_id"), table_name="drafts")
    op.drop_table("drafts")
    op.drop_index(op.f("ix_conversation_labels_label_id"), table_name="conversation_labels")
    op.drop_index(op.f("ix_conversation_labels_business_id"), table_name="conversation_labels")
    op.drop_table("conversation_labels")
    op.drop_index("ix_passages_unembedded", table_name="passages", postgresql_where="embedding is null")
    op.drop_index(op.f("ix_passages_business_id"), table_name="passages")
    op.drop_table("passages")
    op.drop_index(op.f("ix_merges_into_id"), table_name="merges")
    op.drop_index(op.f("ix_merges_from_id"), table_name="merges")
    op.drop_index(op.f("ix_merges_business_id"), table_name="merges")
    op.drop_table("merges")
    op.drop_index(op.f("ix_customer_notes_customer_id"), table_name="customer_notes")
    op.drop_index(op.f("ix_customer_notes_business_id"), table_name="customer_notes")
    op.drop_table("customer_notes")
    op.drop_table("labels")
    op.drop_table("documents")
    op.drop_table("canned_answers")
