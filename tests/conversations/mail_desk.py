"""A business with a mail account at the simulator: customers write, the webhook takes it, Omni hears it and answers go out."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from omni_app.budgets import seed_prices
from omni_app.budgets.prices import forget_prices
from omni_app.channels.connections import create_connection, load_connection
from omni_app.channels.locating import forget_located
from omni_app.conversations.delivering import deliver_conversation
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import Scope
from omni_app.orchestrator.hearing import hear
from tests.conversations.desk import make_desk
from tests.harness.simulator import Sandbox, SandboxAccount
from tests.making import open_client, rows


@dataclass(slots=True)
class MailDesk:
    """One business whose address is served by the simulated SendGrid. `maya` is an agent."""

    system: Scope
    maya: Scope
    account: SandboxAccount
    connection_id: UUID
    hooks: dict[str, str] = field(default_factory=dict)
    _taken: int = 0

    @property
    def address(self) -> str:
        return str(self.account.credentials["address"])

    async def receive(self, text: str = "What does it cost?", who: str = "Ann <ann@example.org>", **given: Any) -> dict[str, Any]:
        """A customer's mail, handled: its message as stored, {} when none was."""
        rfc_id = await self.account.inbound(**{"from": who, "text": text, "subject": "Check-up", "quote": False, **given})
        await self.listen()
        found = await rows(
            """select m.*, c.subject as thread_subject, c.speaker from messages m join conversations c on c.id = m.conversation_id
               where m.external_id = :id and m.business_id = :business order by m.created_at desc limit 1""",
            id=rfc_id.strip("<>"),
            business=self.system.business_id,
        )
        return found[0] if found else {}

    async def listen(self) -> None:
        """Take what the provider posted since the last time, and handle it."""
        requests = (await self.account.requests())[self._taken :]
        self._taken += len(requests)
        forget_located()
        async with open_client() as client:
            for request in requests:
                hook = "sendgrid/inbound" if b"multipart" in request.headers["content-type"].encode() else "sendgrid/events"
                answer = await client.post(self.hooks[hook], content=request.body, headers=request.headers)
                assert answer.status_code == 200, answer.text
        for event in await rows("select id from channel_events where status = 'new' order by received_at, id"):
            await hear(self.system, event["id"])

    async def reply(self, conversation_id: UUID, text: str = "It is **$189**.", **values: Any) -> dict[str, Any]:
        """Maya answers; gives the mail as the provider took it."""
        async with open_db(self.maya) as db:
            await send_reply(db, conversation_id, text, **values)
        await deliver_conversation(self.system, conversation_id)
        sent = await rows("select status, error from deliveries where conversation_id = :id order by seq", id=conversation_id)
        assert sent[-1]["status"] == "sent", sent[-1]["error"]
        return (await self.account.outbox())[-1]


async def open_mail_desk(sandbox: Sandbox, name: str = "Harbour Dental", **options: Any) -> MailDesk:
    desk = await make_desk(name)
    account = await sandbox.account("sendgrid", options=options)
    values = {
        "address": account.credentials["address"],
        "from_name": name,
        "api_key": account.credentials["api_key"],
        "event_key": account.credentials["verification_key"],
        "parse_key": account.credentials["parse_verification_key"],
    }
    async with system_db("test prices") as db:
        await seed_prices(db)
    forget_prices()
    async with open_db(desk.system) as db:
        connection_id = await create_connection(db, "sendgrid", "Support", values, is_sandbox=True)
        view = await load_connection(db, connection_id)
    hooks = {hook.path: "/webhooks/" + hook.url.partition("/webhooks/")[2] for hook in view.webhooks}
    return MailDesk(desk.system, desk.maya, account, connection_id, hooks)


async def events_of(desk: MailDesk) -> list[tuple[str, str]]:
    """(status, detail) of every stored event, oldest first."""
    found = await rows(
        "select status, detail from channel_events where connection_id = :id order by received_at, id", id=desk.connection_id
    )
    return [(row["status"], row["detail"]) for row in found]
