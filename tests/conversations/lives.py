"""A customer who left something in every room, and the search for what is left of them."""

from collections.abc import Callable
from uuid import UUID

import psycopg
from psycopg import sql

from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.channels.contract import MailHead
from omni_app.conversations.mail_envelopes import seal_envelope
from omni_app.conversations.memory import embed_messages
from omni_app.conversations.notes import add_note
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.customers.suggesting import suggest
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.storage import put_file, put_sealed
from omni_app.orchestrator.summarising import summarise
from tests.conversations.desk import Desk, Written
from tests.making import rows
from workers import files, memories  # noqa: F401
from workers.outbox import run_row

Superuser = Callable[[], psycopg.Connection]
SECRET = "zanzibar"


async def run_all(*, later: bool = False) -> None:
    """Do every job that is due; `later`: those that wait for their time as well."""
    if later:
        await rows("update outbox set available_at = created_at where available_at > created_at returning 1")
    while due := await rows("select id from outbox where available_at <= now() and dead_at is null and name <> 'SendMail'"):
        for row in due:
            await run_row(row["id"])


def find_everywhere(superuser: Superuser, *needles: str) -> dict[str, int]:
    """Table -> how many of its rows hold one of the needles anywhere, by the catalogue."""
    found = {}
    with superuser() as connection:
        tables = [name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")]
        for name in tables:
            query = sql.SQL(
                "select count(*) from {} t where exists (select from unnest(%s::text[]) n where t::text ilike '%%'||n||'%%')"
            )
            (hits,) = connection.execute(query.format(sql.Identifier(name)), [list(needles)]).fetchone() or (0,)
            if hits:
                found[name] = hits
    return found


async def add_point(customer_id: UUID, value: str, kind: str = "email", channel: str = "", proof: str = "proven") -> None:
    (customer,) = await rows("select business_id, data_key from customers where id = :id", id=customer_id)
    await rows(
        """insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof, proven_by,
             created_at) values (:id, :business, :customer, :kind, :channel, :value, :index, '[]', :proof, '', now())
           returning id""",
        id=new_id(),
        business=customer["business_id"],
        customer=customer_id,
        kind=kind,
        channel=channel,
        value=encrypt(unwrap_data_key(customer["data_key"]), value, CONTACT_POINT),
        index=Address(kind=kind, channel=channel, value=value).index,
        proof=proof,
    )


async def add_file(desk: Desk, ann: Written) -> str:
    storage_key = await put_file(desk.system.business_id, b"a picture")
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, uploaded_by, name, media_type, size,
             sha256, storage_key, created_at) values (:id, :business, :customer, :conversation, 'visitor:v', 'zanzibar.png',
             'image/png', 9, '', :key, now()) returning id""",
        id=new_id(),
        business=desk.system.business_id,
        customer=ann.customer_id,
        conversation=ann.conversation_id,
        key=storage_key,
    )
    return storage_key


async def add_cost(desk: Desk, ann: Written, nusd: int) -> None:
    line = LedgerLine(
        service="chat",
        provider="openai",
        model="m",
        units={"input_token": 1},
        unit_prices={"input_token": nusd},
        cost_nusd=nusd,
        customer_id=ann.customer_id,
        conversation_id=ann.conversation_id,
    )
    async with open_db(desk.system) as db:
        statement = f"insert into ledger_entries ({LEDGER_COLUMNS}) values ({ledger_values()})"
        await db.execute(statement, line.parameters(desk.system.business_id))


async def live_a_life(desk: Desk) -> tuple[Written, str]:
    """A customer with everything a customer can have; every text holds `SECRET`."""
    ann = await desk.ask(f"Do you fix teeth in {SECRET}?", "ann", name=f"Ann {SECRET}")
    await desk.ask(f"I was born in {SECRET}.", "ann")
    await add_point(ann.customer_id, f"ann@{SECRET}.example")
    async with open_db(desk.maya) as db:
        await add_note(db, ann.conversation_id, f"She likes {SECRET}.")
    (customer,) = await rows("select data_key from customers where id = :id", id=ann.customer_id)
    await rows(
        """insert into customer_notes (id, business_id, customer_id, author_name, text, created_at)
           values (:id, :business, :customer, 'Maya Chen', :text, now()) returning id""",
        id=new_id(),
        business=desk.system.business_id,
        customer=ann.customer_id,
        text=encrypt(unwrap_data_key(customer["data_key"]), f"Pays in {SECRET}.", CUSTOMER_NOTE),
    )
    await rows(
        """update conversations set handover_summary = 'zanzibar', page = '{"title": "zanzibar"}' where id = :id returning 1""",
        id=ann.conversation_id,
    )
    await rows(
        """insert into audit_entries (id, business_id, level, action, subject_kind, subject_id, actor_kind, actor_name, before,
             after, created_at) values (:id, :business, 'INFO', 'customer.updated', 'customer', :customer, 'member', 'Maya Chen',
             '{"name": "Ann zanzibar"}', '{"name": "Ann"}', now()) returning id""",
        id=new_id(),
        business=desk.system.business_id,
        customer=ann.customer_id,
    )
    await embed_messages(desk.system)
    await summarise(desk.system, ann.conversation_id)
    await add_cost(desk, ann, 700)
    return ann, await add_file(desk, ann)


async def carry_a_mail(desk: Desk, ann: Written, other_id: UUID) -> list[str]:
    """A mail of Ann's as channels keep it, with every text holding `SECRET`; the keys of its files."""
    (customer,) = await rows("select data_key from customers where id = :id", id=ann.customer_id)
    business = desk.system.business_id
    html_key, event_key = await put_sealed(business, b"<p>zanzibar</p>"), await put_sealed(business, b"zanzibar raw")
    picture, thumbnail = await put_file(business, b"a picture"), await put_file(business, b"a small picture")
    common = {"business": business, "customer": ann.customer_id, "conversation": ann.conversation_id}
    connection = new_id()
    await rows(
        """insert into channel_connections (id, business_id, kind, channel, name, settings, token, token_index, created_at,
             updated_at) values (:id, :business, 'smtp', 'email', 'Mail', '', '', :index, now(), now()) returning id""",
        id=connection,
        business=business,
        index=str(connection),
    )
    await add_point(ann.customer_id, f"unproven:ann@{SECRET}.example", "external", "email")
    (message,) = await rows(
        """update messages set envelope = :envelope, html_key = :html, folded = 'zanzibar', details = '{"a": "zanzibar"}',
             problem = 'zanzibar', external_id = 'zanzibar@example.com'
           where conversation_id = :conversation and seq = 1 returning id""",
        envelope=seal_envelope(customer["data_key"], MailHead(subject=SECRET)),
        html=html_key,
        conversation=ann.conversation_id,
    )
    await rows(
        """insert into deliveries (id, business_id, conversation_id, message_id, customer_id, connection_id, channel, seq, text,
             error, available_at, created_at) values (:id, :business, :conversation, :message, :customer, :connection, 'email', 1,
             'zanzibar', 'zanzibar', now(), now()) returning id""",
        id=new_id(),
        message=message["id"],
        connection=connection,
        **common,
    )
    await rows(
        """insert into channel_events (id, business_id, connection_id, hook, event_key, storage_key, detail, customer_id,
             message_id, received_at) values (:id, :business, :connection, 'mail', 'zanzibar', :storage, 'zanzibar', :customer,
             :message, now()) returning id""",
        id=new_id(),
        business=business,
        connection=connection,
        storage=event_key,
        customer=ann.customer_id,
        message=message["id"],
    )
    await rows(
        """insert into mail_references (id, business_id, conversation_id, message_id, rfc_id, created_at)
           values (:id, :business, :conversation, :message, 'zanzibar@example.com', now()) returning id""",
        id=new_id(),
        business=business,
        conversation=ann.conversation_id,
        message=message["id"],
    )
    await rows(
        """insert into attachments (id, business_id, customer_id, conversation_id, message_id, uploaded_by, name, media_type,
             size, sha256, storage_key, thumbnail_key, content_id, transcript, created_at) values (:id, :business, :customer,
             :conversation, :message, 'channel:x', 'zanzibar.png', 'image/png', 9, '', :picture, :thumbnail, 'zanzibar',
             'zanzibar', now()) returning id""",
        id=new_id(),
        message=message["id"],
        picture=picture,
        thumbnail=thumbnail,
        **common,
    )
    async with open_db(desk.system) as db:
        await suggest(db, ann.customer_id, other_id, f"Both are called {SECRET}.")
    return [html_key, event_key, picture, thumbnail]
