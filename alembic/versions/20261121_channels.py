"""channels"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from omni_app.infra.policies import protect

revision = "75b51482c1d5"
down_revision = "8c41d7e2b6a9"
branch_labels = None
depends_on = None

# In an order in which each can be dropped: what points at another stands first.
TENANT = (
    "merge_suggestions",
    "mail_references",
    "deliveries",
    "message_templates",
    "channel_events",
    "channel_connections",
)
ADDED = {
    "messages": (*("kind", "details", "problem", "external_id", "answers_id", "folded", "envelope", "html_key", "sent_at"),),
    "conversations": ("connection_id", "contact_point_id"),
    "contact_points": ("undeliverable_at", "undeliverable_reason"),
    "attachments": (*("status", "problem", "origin", "connection_id", "thumbnail_key", "content_id", "is_inline", "transcript"),),
}


def upgrade() -> None:
    op.create_table(
        "channel_connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("account_key", sa.String(), server_default="", nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("token_index", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("is_sandbox", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("allowed_ips", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("health", sa.String(), server_default="untested", nullable=False),
        sa.Column("health_detail", sa.String(), server_default="", nullable=False),
        sa.Column("health_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_channel_connections_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_connections")),
        sa.UniqueConstraint("token_index", name=op.f("uq_channel_connections_token_index")),
    )
    op.create_index(op.f("ix_channel_connections_business_id"), "channel_connections", ["business_id"], unique=False)
    op.create_index(
        "uq_channel_connections_account",
        "channel_connections",
        ["kind", "account_key"],
        unique=True,
        postgresql_where="verified_at is not null and account_key <> ''",
    )
    op.create_table(
        "channel_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("hook", sa.String(), nullable=False),
        sa.Column("event_key", sa.String(), nullable=False),
        sa.Column("order_key", sa.String(), server_default="", nullable=False),
        sa.Column("body", sa.String(), server_default="", nullable=False),
        sa.Column("storage_key", sa.String(), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.String(), server_default="new", nullable=False),
        sa.Column("detail", sa.String(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_channel_events_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["channel_connections.id"],
            name=op.f("fk_channel_events_connection_id_channel_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_channel_events_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_events")),
        sa.UniqueConstraint("connection_id", "event_key", name=op.f("uq_channel_events_connection_id_event_key")),
    )
    op.create_index(op.f("ix_channel_events_customer_id"), "channel_events", ["customer_id"], unique=False)
    op.create_index("ix_channel_events_list", "channel_events", ["business_id", "connection_id", "received_at"], unique=False)
    op.create_index(
        "ix_channel_events_order",
        "channel_events",
        ["connection_id", "order_key"],
        unique=False,
        postgresql_where="status = 'new' and order_key <> ''",
    )
    op.create_index(
        "ix_channel_events_waiting", "channel_events", ["received_at"], unique=False, postgresql_where="status = 'new'"
    )
    op.create_table(
        "merge_suggestions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="open", nullable=False),
        sa.Column("decided_by", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_merge_suggestions_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["one_id"], ["customers.id"], name=op.f("fk_merge_suggestions_one_id_customers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["customers.id"], name=op.f("fk_merge_suggestions_other_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_suggestions")),
        sa.UniqueConstraint("business_id", "one_id", "other_id", name=op.f("uq_merge_suggestions_business_id_one_id_other_id")),
    )
    op.create_index(op.f("ix_merge_suggestions_one_id"), "merge_suggestions", ["one_id"], unique=False)
    op.create_index(op.f("ix_merge_suggestions_other_id"), "merge_suggestions", ["other_id"], unique=False)
    op.create_table(
        "message_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("category", sa.String(), server_default="", nullable=False),
        sa.Column("body", sa.String(), server_default="", nullable=False),
        sa.Column("header", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("footer", sa.String(), server_default="", nullable=False),
        sa.Column("buttons", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("external_id", sa.String(), server_default="", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_message_templates_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["channel_connections.id"],
            name=op.f("fk_message_templates_connection_id_channel_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
        sa.UniqueConstraint("connection_id", "name", "language", name=op.f("uq_message_templates_connection_id_name_language")),
    )
    op.create_index(op.f("ix_message_templates_business_id"), "message_templates", ["business_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), server_default="0", nullable=False),
        sa.Column("text", sa.String(), server_default="", nullable=False),
        sa.Column("status", sa.String(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("provider_id", sa.String(), server_default="", nullable=False),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.Column("error_code", sa.String(), server_default="", nullable=False),
        sa.Column("error_kind", sa.String(), server_default="", nullable=False),
        sa.Column("reservation_id", sa.Uuid(), nullable=True),
        sa.Column("cost_nusd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pricing", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_deliveries_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["channel_connections.id"],
            name=op.f("fk_deliveries_connection_id_channel_connections"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_deliveries_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_deliveries_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_deliveries_message_id_messages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("message_id", "part", name=op.f("uq_deliveries_message_id_part")),
    )
    op.create_index(op.f("ix_deliveries_business_id"), "deliveries", ["business_id"], unique=False)
    op.create_index(op.f("ix_deliveries_connection_id"), "deliveries", ["connection_id"], unique=False)
    op.create_index(op.f("ix_deliveries_customer_id"), "deliveries", ["customer_id"], unique=False)
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["available_at"],
        unique=False,
        postgresql_where="status in ('queued', 'sending', 'unknown')",
    )
    op.create_index(
        "ix_deliveries_provider_id",
        "deliveries",
        ["business_id", "provider_id"],
        unique=False,
        postgresql_where="provider_id <> ''",
    )
    op.create_index("ix_deliveries_thread", "deliveries", ["conversation_id", "seq", "part"], unique=False)
    op.create_table(
        "mail_references",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("rfc_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_mail_references_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_mail_references_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_mail_references_message_id_messages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_references")),
        sa.UniqueConstraint("business_id", "rfc_id", name=op.f("uq_mail_references_business_id_rfc_id")),
    )
    op.create_index(op.f("ix_mail_references_conversation_id"), "mail_references", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_mail_references_message_id"), "mail_references", ["message_id"], unique=False)
    op.add_column("attachments", sa.Column("status", sa.String(), server_default="stored", nullable=False))
    op.add_column("attachments", sa.Column("problem", sa.String(), server_default="", nullable=False))
    op.add_column("attachments", sa.Column("origin", sa.String(), server_default="", nullable=False))
    op.add_column("attachments", sa.Column("connection_id", sa.Uuid(), nullable=True))
    op.add_column("attachments", sa.Column("thumbnail_key", sa.String(), server_default="", nullable=False))
    op.add_column("attachments", sa.Column("content_id", sa.String(), server_default="", nullable=False))
    op.add_column("attachments", sa.Column("is_inline", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("attachments", sa.Column("transcript", sa.String(), server_default="", nullable=False))
    op.create_index(op.f("ix_attachments_connection_id"), "attachments", ["connection_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_attachments_connection_id_channel_connections"),
        "attachments",
        "channel_connections",
        ["connection_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.add_column("contact_points", sa.Column("undeliverable_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact_points", sa.Column("undeliverable_reason", sa.String(), server_default="", nullable=False))
    op.add_column("conversations", sa.Column("connection_id", sa.Uuid(), nullable=True))
    op.add_column("conversations", sa.Column("contact_point_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_conversations_connection_id"), "conversations", ["connection_id"], unique=False)
    op.create_index(op.f("ix_conversations_contact_point_id"), "conversations", ["contact_point_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_conversations_contact_point_id_contact_points"),
        "conversations",
        "contact_points",
        ["contact_point_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_foreign_key(
        op.f("fk_conversations_connection_id_channel_connections"),
        "conversations",
        "channel_connections",
        ["connection_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.add_column("messages", sa.Column("kind", sa.String(), server_default="text", nullable=False))
    op.add_column("messages", sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False))
    op.add_column("messages", sa.Column("problem", sa.String(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("external_id", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("answers_id", sa.String(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("folded", sa.String(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("envelope", sa.String(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("html_key", sa.String(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_messages_external_id",
        "messages",
        ["business_id", "external_id"],
        unique=False,
        postgresql_where="external_id is not null",
    )
    for table in TENANT:
        for statement in protect(table):
            op.execute(statement)


def downgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
    for table in TENANT:
        op.drop_table(table)
