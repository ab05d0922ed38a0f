"""Conversations over mail and WhatsApp for tests of the inbox: an account, customers who write, messages that went out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from omni_app.channels.accounts import read_settings, seal_settings
from omni_app.channels.contract import MailHead
from omni_app.channels.registry import load_adapter
from omni_app.conversations.facts import Inbound
from omni_app.conversations.handling import take_over
from omni_app.conversations.mail_envelopes import seal_envelope
from omni_app.conversations.mail_html import keep_html
from omni_app.customers.addresses import Address
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.live import publish_now
from omni_app.infra.storage import put_file
from omni_app.orchestrator.turn import receive
from tests.channels.meta import values as whatsapp_values
from tests.e2e.inbox_desk import Desk
from tests.tenancy.people import sql


@dataclass(frozen=True, slots=True)
class Line:
    """One account of a desk's business. Its rows are made here, so that no provider is asked for anything."""

    desk: Desk
    id: UUID
    channel: str

    @property
    def address(self) -> str:
        """Where customers' mails arrive."""
        return f"{self.id.hex}@desk.example"

    async def write(self, who: str, text: str = "", name: str = "Sofia Marin", **values: Any) -> UUID:
        """A customer writes over this account; nobody answers. The conversation's id."""
        kind = "email" if "@" in who else "phone" if who.startswith("+") else "external"
        address = Address(kind=kind, channel=self.channel if kind == "external" else "", value=who)  # type: ignore[arg-type]
        received, _ = await receive(
            self.desk.system,
            Inbound(
                channel=self.channel,
                address=address,
                text=text,
                name=name,
                connection_id=self.id,
                client_id=str(uuid4()),
                **values,
            ),
        )
        await sql(
            """update conversations c set contact_point_id = p.id from contact_points p
               where c.id = :id and p.customer_id = c.customer_id and p.kind = :kind""",
            id=received.conversation_id,
            kind=kind,
        )
        return received.conversation_id

    async def answer(self, conversation_id: UUID, text: str, status: str = "sent", **delivery: Any) -> int:
        """Something of ours that is (or was) on its way; `delivery` are columns of its row. The message's number."""
        message_id, at = new_id(), now()
        (row,) = await sql(
            """with c as (update conversations set last_seq = last_seq + 1 where id = :id returning *)
               insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, problem, author_name,
                 sources, offers_person, cost_nusd, created_at)
               select :message_id, business_id, id, customer_id, last_seq, 'staff', :text, :status, :problem, 'Maya Chen', '[]',
                 false, 0, :now from c returning seq, customer_id""",
            id=conversation_id,
            message_id=message_id,
            text=text,
            status=status,
            problem=delivery.get("error", ""),
            now=at,
        )
        values = {"error": "", "error_kind": "", "asked_at": None, "failed_at": at if status == "failed" else None, **delivery}
        await sql(
            """insert into deliveries (id, business_id, conversation_id, message_id, customer_id, connection_id, channel, seq,
                 part, text, status, attempts, available_at, fence, provider_id, error, error_code, error_kind, cost_nusd,
                 pricing, created_at, failed_at, asked_at)
               values (:id, :business_id, :conversation_id, :message_id, :customer_id, :connection_id, :channel, :seq, 0,
                 :text, :status, 1, :later, 0, :provider_id, :error, '', :error_kind, 0, '{}', :now, :failed_at, :asked_at)""",
            id=new_id(),
            business_id=self.desk.viewer.business_id,
            conversation_id=conversation_id,
            message_id=message_id,
            customer_id=row["customer_id"],
            connection_id=self.id,
            channel=self.channel,
            seq=row["seq"],
            text=text,
            status=status,
            later=at + timedelta(days=1),
            provider_id=f"wamid.{uuid4().hex}",
            now=at,
            **values,
        )
        return int(row["seq"])

    async def change(self, conversation_id: UUID, seq: int, **columns: Any) -> None:
        """Change a message's row as a provider's news would, and tell every open page."""
        names = ", ".join(f"{name} = cast(:{name} as {_TYPES.get(name, 'text')})" for name in columns)
        values = {name: json.dumps(value) if isinstance(value, Mapping | list) else value for name, value in columns.items()}
        await sql(
            f"update messages set {names} where conversation_id = :id and seq = :seq", id=conversation_id, seq=seq, **values
        )
        await publish_now(self.desk.viewer.business_id, "message.changed", conversation_id=conversation_id, seq=seq)

    async def turn(self, **columns: Any) -> None:
        """Change the account's row, and tell every open page."""
        names = ", ".join(f"{name} = :{name}" for name in columns)
        await sql(f"update channel_connections set {names} where id = :id", id=self.id, **columns)
        await publish_now(self.desk.viewer.business_id, "channel.changed", connection_id=self.id)

    async def template(self, name: str, body: str, status: str = "approved", **columns: Any) -> None:
        """A template as the provider keeps it."""
        values = {"language": "en", "category": "utility", "header": {}, "footer": "", "buttons": [], "reason": "", **columns}
        values |= {key: json.dumps(values[key]) for key in ("header", "buttons")}
        await sql(
            """insert into message_templates (id, business_id, connection_id, name, language, status, category, body, header,
                 footer, buttons, external_id, reason, updated_at)
               values (:id, :business_id, :connection_id, :name, :language, :status, :category, :body, cast(:header as jsonb),
                 :footer, cast(:buttons as jsonb), '', :reason, :now)""",
            id=new_id(),
            business_id=self.desk.viewer.business_id,
            connection_id=self.id,
            name=name,
            body=body,
            status=status,
            now=now(),
            **values,
        )

    async def head(self, conversation_id: UUID, head: MailHead, html: str = "") -> None:
        """Make what the customer wrote a mail with that head."""
        (row,) = await sql(
            "select cu.data_key from conversations c join customers cu on cu.id = c.customer_id where c.id = :id",
            id=conversation_id,
        )
        await sql(
            "update messages set envelope = :envelope, html_key = :key where conversation_id = :id and role = 'customer'",
            id=conversation_id,
            envelope=seal_envelope(row["data_key"], head),
            key=await keep_html(self.desk.viewer.scope(), html) if html else "",
        )

    async def age(self, conversation_id: UUID, hours: float) -> None:
        """The customer wrote that many hours ago."""
        at = now() - timedelta(hours=hours)
        await sql(
            "update messages set created_at = :at, sent_at = null where conversation_id = :id and role = 'customer'",
            id=conversation_id,
            at=at,
        )

    async def take(self, conversation_id: UUID) -> None:
        async with open_db(self.desk.viewer.scope()) as db:
            await take_over(db, conversation_id)


_TYPES = {"attachments": "jsonb", "details": "jsonb"}


async def connect(
    desk: Desk, kind: str = "whatsapp", channel: str = "whatsapp", name: str = "Front desk", **columns: Any
) -> Line:
    """An account of the desk's business that works."""
    connection_id, at = new_id(), now()
    line = Line(desk, connection_id, channel)
    columns = {"is_on": True, "is_sandbox": False, "health": "ok", "health_detail": "", **columns}
    await sql(
        """insert into channel_connections (id, business_id, kind, channel, name, settings, account_key, token, token_index,
             is_on, is_sandbox, allowed_ips, verified_at, health, health_detail, failures, state, version, created_at, updated_at)
           values (:id, :business_id, :kind, :channel, :name, :settings, :account_key, '', :key, :is_on, :is_sandbox, '[]', :now,
             :health, :health_detail, 0, '{}', 1, :now, :now)""",
        id=connection_id,
        business_id=desk.viewer.business_id,
        kind=kind,
        channel=channel,
        name=name,
        settings=_settings(kind, line.address),
        account_key=line.address,
        key=connection_id.hex,
        now=at,
        **columns,
    )
    return line


def _settings(kind: str, address: str) -> str:
    given = {"address": address, "api_key": "SG.test.key"} if kind == "sendgrid" else whatsapp_values()
    return seal_settings(read_settings(load_adapter(kind), given))


async def store_file(desk: Desk, conversation_id: UUID, data: bytes, **columns: Any) -> dict[str, Any]:
    """A stored file of a conversation; the entry for `messages.attachments`."""
    file_id = new_id()
    values = {"name": "photo.png", "media_type": "image/png", "transcript": "", **columns}
    await sql(
        """insert into attachments (id, business_id, conversation_id, customer_id, uploaded_by, name, media_type, size, sha256,
             storage_key, status, problem, origin, thumbnail_key, content_id, is_inline, transcript, created_at)
           select :id, business_id, id, customer_id, 'channel:test', :name, :media_type, :size, '', :key, 'stored', '', '', '',
             '', false, :transcript, :now from conversations where id = :conversation_id""",
        id=file_id,
        conversation_id=conversation_id,
        size=len(data),
        key=await put_file(desk.viewer.business_id, data),
        now=now(),
        **values,
    )
    return {"id": str(file_id), "size": len(data), **{name: value for name, value in values.items() if value}}
