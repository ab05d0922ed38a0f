"""cost control"""

import pgvector.sqlalchemy
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from omni_app.infra.policies import protect

revision = "8c41d7e2b6a9"
down_revision = "3f2a61c07d15"
branch_labels = None
depends_on = None

TENANT = (
    "budget_alerts",
    "budget_caps",
    "business_prices",
    "cache_rejections",
    "cache_verifiers",
    "cache_warmings",
    "credit_movements",
    "report_sends",
    "faq_suggestions",
    "limit_refusals",
    "abuse_events",
)


# Added columns keep their default in the database: yesterday's code still inserts while the new one starts.
def upgrade() -> None:
    op.create_table(
        "budget_alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("spent_nusd", sa.BigInteger(), nullable=False),
        sa.Column("limit_nusd", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_budget_alerts_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_alerts")),
        sa.UniqueConstraint(
            "business_id", "period_start", "kind", "percent", name=op.f("uq_budget_alerts_business_id_period_start_kind_percent")
        ),
    )
    op.create_table(
        "budget_caps",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("limit_nusd", sa.BigInteger(), nullable=False),
        sa.Column("spent_nusd", sa.BigInteger(), nullable=False),
        sa.Column("reserved_nusd", sa.BigInteger(), nullable=False),
        sa.Column("excess_nusd", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "limit_nusd >= 0 and spent_nusd >= 0 and reserved_nusd >= 0 and excess_nusd >= 0",
            name=op.f("ck_budget_caps_not_negative"),
        ),
        sa.CheckConstraint("spent_nusd + reserved_nusd <= limit_nusd + excess_nusd", name=op.f("ck_budget_caps_within_limit")),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_budget_caps_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("business_id", "period_start", "kind", "subject_id", name=op.f("pk_budget_caps")),
    )
    op.create_table(
        "business_prices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("nusd_per_unit", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_business_prices_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_prices")),
        sa.UniqueConstraint(
            "business_id",
            "provider",
            "model",
            "unit",
            "valid_from",
            name=op.f("uq_business_prices_business_id_provider_model_unit_valid_from"),
        ),
    )
    op.create_table(
        "cache_rejections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("question_hash", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answer_hash", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=True),
        sa.Column("matched_question", sa.String(), nullable=False),
        sa.Column("embedding_model", sa.String(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.vector.VECTOR(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_cache_rejections_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cache_rejections")),
        sa.UniqueConstraint(
            "business_id", "question_hash", "answer_hash", name=op.f("uq_cache_rejections_business_id_question_hash_answer_hash")
        ),
    )
    op.create_table(
        "cache_verifiers",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("embedding_model", sa.String(), nullable=False),
        sa.Column("coefficients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_cache_verifiers_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("business_id", name=op.f("pk_cache_verifiers")),
    )
    op.create_table(
        "cache_warmings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("cost_nusd", sa.BigInteger(), nullable=False),
        sa.Column("limit_nusd", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_cache_warmings_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cache_warmings")),
    )
    op.create_index(op.f("ix_cache_warmings_business_id"), "cache_warmings", ["business_id"], unique=False)
    op.create_table(
        "credit_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("amount_nusd", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_credit_movements_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_movements")),
        sa.UniqueConstraint("business_id", "client_id", name=op.f("uq_credit_movements_business_id_client_id")),
    )
    op.create_table(
        "report_sends",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_report_sends_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_sends")),
    )
    op.create_index(
        "uq_report_sends_due",
        "report_sends",
        ["business_id", "kind", "period_start"],
        unique=True,
        postgresql_where=sa.text("asked_by = ''"),
    )
    op.create_index("ix_report_sends_business", "report_sends", ["business_id", "created_at"], unique=False)
    op.create_table(
        "faq_suggestions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("examples", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("saving_nusd", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("faq_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_faq_suggestions_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["faq_id"], ["faqs.id"], name=op.f("fk_faq_suggestions_faq_id_faqs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_suggestions")),
        sa.UniqueConstraint("business_id", "group_key", name=op.f("uq_faq_suggestions_business_id_group_key")),
    )
    op.create_table(
        "limit_refusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("limit_name", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("hour_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_limit_refusals_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_limit_refusals_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_refusals")),
        sa.UniqueConstraint(
            "business_id",
            "limit_name",
            "subject",
            "hour_at",
            name=op.f("uq_limit_refusals_business_id_limit_name_subject_hour_at"),
        ),
    )
    op.create_index(op.f("ix_limit_refusals_customer_id"), "limit_refusals", ["customer_id"], unique=False)
    op.create_table(
        "abuse_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("address_index", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_abuse_events_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_abuse_events_conversation_id_conversations"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_abuse_events_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abuse_events")),
    )
    op.create_index("ix_abuse_events_address", "abuse_events", ["business_id", "address_index"], unique=False)
    op.create_index(op.f("ix_abuse_events_business_id"), "abuse_events", ["business_id"], unique=False)
    op.create_index(op.f("ix_abuse_events_conversation_id"), "abuse_events", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_abuse_events_created_at"), "abuse_events", ["created_at"], unique=False)
    op.create_index(op.f("ix_abuse_events_customer_id"), "abuse_events", ["customer_id"], unique=False)
    op.add_column("api_keys", sa.Column("calls_per_hour", sa.Integer(), nullable=True))
    op.add_column("businesses", sa.Column("plan", sa.String(), nullable=False, server_default="starter"))
    op.add_column("businesses", sa.Column("plan_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("businesses", sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}"))
    op.add_column(
        "businesses", sa.Column("budget_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.add_column(
        "businesses", sa.Column("cache_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.add_column(
        "businesses", sa.Column("report_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.add_column("businesses", sa.Column("cache_version", sa.BigInteger(), nullable=False, server_default="1"))
    op.add_column("businesses", sa.Column("persona_version", sa.BigInteger(), nullable=False, server_default="1"))
    op.add_column("cached_answers", sa.Column("question", sa.String(), nullable=False, server_default=""))
    op.add_column("cached_answers", sa.Column("kind", sa.String(), nullable=False, server_default="asked"))
    op.add_column("cached_answers", sa.Column("same_as_id", sa.Uuid(), nullable=True))
    op.add_column("cached_answers", sa.Column("answer_hash", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "cached_answers", sa.Column("depends", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.add_column("cached_answers", sa.Column("persona_version", sa.BigInteger(), nullable=True))
    op.add_column("cached_answers", sa.Column("cost_nusd", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("cached_answers", sa.Column("embedding_model", sa.String(), nullable=False, server_default=""))
    op.add_column("cached_answers", sa.Column("embedding", pgvector.sqlalchemy.vector.VECTOR(), nullable=True))
    op.create_index("ix_cached_answers_age", "cached_answers", ["business_id", "created_at"], unique=False)
    op.create_index(op.f("ix_cached_answers_same_as_id"), "cached_answers", ["same_as_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_cached_answers_same_as_id_cached_answers"),
        "cached_answers",
        "cached_answers",
        ["same_as_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.add_column("customers", sa.Column("trust", sa.Integer(), nullable=False, server_default="30"))
    op.add_column("customers", sa.Column("restriction", sa.String(), nullable=False, server_default=""))
    op.add_column("customers", sa.Column("restricted_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ledger_entries", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.create_index("ix_ledger_entries_customer", "ledger_entries", ["business_id", "customer_id", "created_at"], unique=False)
    op.add_column("mails", sa.Column("html", sa.String(), nullable=False, server_default=""))
    op.add_column("mails", sa.Column("images", sa.String(), nullable=False, server_default=""))
    op.add_column("receipts", sa.Column("cached_answer_id", sa.Uuid(), nullable=True))
    op.add_column("receipts", sa.Column("matched_question", sa.String(), nullable=False, server_default=""))
    op.add_column("receipts", sa.Column("saved_nusd", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("receipts", sa.Column("wrong_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("receipts", sa.Column("wrong_by", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_receipts_day", "receipts", ["business_id", "created_at"], unique=False)
    op.add_column("reservations", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.add_column("reservations", sa.Column("cap_month", sa.Date(), nullable=True))
    for table in TENANT:
        for statement in protect(table):
            op.execute(statement)


def downgrade() -> None:
    op.drop_column("reservations", "cap_month")
    op.drop_column("reservations", "campaign_id")
    op.drop_index("ix_receipts_day", table_name="receipts")
    op.drop_column("receipts", "wrong_by")
    op.drop_column("receipts", "wrong_at")
    op.drop_column("receipts", "saved_nusd")
    op.drop_column("receipts", "matched_question")
    op.drop_column("receipts", "cached_answer_id")
    op.drop_column("mails", "images")
    op.drop_column("mails", "html")
    op.drop_index("ix_ledger_entries_customer", table_name="ledger_entries")
    op.drop_column("ledger_entries", "campaign_id")
    op.drop_column("customers", "restricted_until")
    op.drop_column("customers", "restriction")
    op.drop_column("customers", "trust")
    op.drop_constraint(op.f("fk_cached_answers_same_as_id_cached_answers"), "cached_answers", type_="foreignkey")
    op.drop_index(op.f("ix_cached_answers_same_as_id"), table_name="cached_answers")
    op.drop_index("ix_cached_answers_age", table_name="cached_answers")
    op.drop_column("cached_answers", "embedding")
    op.drop_column("cached_answers", "embedding_model")
    op.drop_column("cached_answers", "cost_nusd")
    op.drop_column("cached_answers", "persona_version")
    op.drop_column("cached_answers", "depends")
    op.drop_column("cached_answers", "answer_hash")
    op.drop_column("cached_answers", "same_as_id")
    op.drop_column("cached_answers", "kind")
    op.drop_column("cached_answers", "question")
    op.drop_column("businesses", "persona_version")
    op.drop_column("businesses", "cache_version")
    op.drop_column("businesses", "report_rules")
    op.drop_column("businesses", "cache_rules")
    op.drop_column("businesses", "budget_rules")
    op.drop_column("businesses", "limits")
    op.drop_column("businesses", "plan_since")
    op.drop_column("businesses", "plan")
    op.drop_column("api_keys", "calls_per_hour")
    op.drop_index(op.f("ix_abuse_events_customer_id"), table_name="abuse_events")
    op.drop_index(op.f("ix_abuse_events_created_at"), table_name="abuse_events")
    op.drop_index(op.f("ix_abuse_events_conversation_id"), table_name="abuse_events")
    op.drop_index("ix_abuse_events_address", table_name="abuse_events")
    op.drop_index(op.f("ix_abuse_events_business_id"), table_name="abuse_events")
    op.drop_table("abuse_events")
    op.drop_index(op.f("ix_limit_refusals_customer_id"), table_name="limit_refusals")
    op.drop_table("limit_refusals")
    op.drop_table("faq_suggestions")
    op.drop_table("report_sends")
    op.drop_table("credit_movements")
    op.drop_index(op.f("ix_cache_warmings_business_id"), table_name="cache_warmings")
    op.drop_table("cache_warmings")
    op.drop_table("cache_verifiers")
    op.drop_table("cache_rejections")
    op.drop_table("business_prices")
    op.drop_table("budget_caps")
    op.drop_table("budget_alerts")
