"""Handle one stored provider event: read it with its adapter and do what it says.

Every outcome is written on the event: handled, ignored, refused by a rule of ours, or failed with a reason people can read. What
may succeed later is raised, so that the job is tried again; nothing is ever dropped silently.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from uuid import UUID

from omni_app.channels.accounts import Account, open_account
from omni_app.channels.contract import (
    AccountNotice,
    AddressChange,
    AddressProblem,
    ConsentChange,
    Correction,
    DeliveryUpdate,
    Echo,
    Ignored,
    InboundEvent,
    InboundMessage,
    Reaction,
    Sender,
)
from omni_app.channels.events import hold_event, mark_event, note_customer, waits_for_earlier
from omni_app.channels.health import note_revoked, note_sent, note_trouble
from omni_app.channels.receipts import open_body
from omni_app.channels.templates import keep_template
from omni_app.channels.tried import apply_test_update
from omni_app.conversations.consent import apply_address_problem, apply_consent
from omni_app.conversations.delivery import apply_update, customer_of
from omni_app.conversations.echoes import keep_echo
from omni_app.conversations.mail_html import keep_html
from omni_app.conversations.media import keep_media, listen
from omni_app.conversations.reactions import apply_correction, apply_reaction
from omni_app.customers.identifying import KnownCustomer
from omni_app.customers.readdressing import change_address
from omni_app.customers.recognising import recognise
from omni_app.infra.background import start_task
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Forbidden, Invalid, OmniError, TooMany, Unavailable
from omni_app.infra.http import open_http
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.infra.storage import delete_file
from omni_app.orchestrator.taking_in import Prepared, take_in

log = get_logger(__name__)

PATIENCE = timedelta(minutes=10)
"""For so long an event may be about a message we do not know yet: providers keep no order, and our own note of a send may be on
its way. After that it is about a message that is not ours."""


# A mail of this size takes some milliseconds to read, most events of messengers are smaller.
THREAD_BYTES = 8 * 1024
ORDER_PATIENCE = timedelta(seconds=3)
ORDER_POLL_SECONDS = 0.05


class NotYet(Unavailable):
    """What the event is about is not there yet."""

    def __init__(self, what: str) -> None:
        super().__init__(what, retry_after=timedelta(seconds=2))


async def hear(scope: Scope, event_id: UUID) -> None:
    """Handle an event; done already, it does nothing. Raises what may succeed later."""
    opened = await _open(scope, event_id)
    if opened is None:
        return
    account, hook, body, received_late = opened
    if body is None:
        await _mark(scope, event_id, "failed", "Its content was deleted before it was handled.")
        return
    try:
        if len(body) > THREAD_BYTES:
            # A mail of ten kilobytes may take milliseconds, one with large files a second: not on the loop that serves everybody.
            events = await asyncio.to_thread(account.adapter.parse, body, hook)
        else:
            events = account.adapter.parse(body, hook)
    except Invalid as error:
        await _mark(scope, event_id, "failed", str(error))
        return
    except Exception as error:
        # A fault of ours: kept with its content, so that it can be handled again once it is mended.
        log.exception("event not understood", kind=account.kind, event_id=str(event_id))
        await _mark(scope, event_id, "failed", f"It could not be read ({type(error).__name__}).")
        return
    for event in events:
        try:
            await _handle(scope, account, event_id, event)
        except NotYet as error:
            if not received_late:
                raise
            await _mark(scope, event_id, "ignored", str(error))
        except (Forbidden, TooMany) as error:
            await _mark(scope, event_id, "refused", str(error))
        except Invalid as error:
            await _mark(scope, event_id, "failed", str(error))
    await _finish(scope, event_id, events)


async def _open(scope: Scope, event_id: UUID) -> tuple[Account, str, bytes | None, bool] | None:
    async with open_db(scope) as db:
        found = await db.execute(
            "select connection_id, hook, body, storage_key, status, received_at from channel_events where id = :id",
            {"id": event_id},
        )
        row = found.one_or_none()
        if row is None or row.status != "new":
            return None
        account = await open_account(db, row.connection_id)
    if not account.is_on:
        # It stays new; switching the connection on asks for it again.
        return None
    return account, row.hook, await open_body(row.body, row.storage_key), now() - row.received_at > PATIENCE


async def _mark(scope: Scope, event_id: UUID, status: str, detail: str) -> None:
    async with open_db(scope) as db:
        await mark_event(db, event_id, status, detail)


async def _finish(scope: Scope, event_id: UUID, events: Sequence[InboundEvent]) -> None:
    """Close an event that no part of it closed."""
    async with open_db(scope) as db:
        held = await hold_event(db, event_id)
        if held is None or held.status != "new":
            return
        is_ignored = all(isinstance(event, Ignored) for event in events)
        said = [event.why for event in events if isinstance(event, Ignored)]
        said += [event.text for event in events if isinstance(event, AccountNotice)]
        await mark_event(db, event_id, "ignored" if is_ignored else "handled", "; ".join(said)[:500])


async def _handle(scope: Scope, account: Account, event_id: UUID, event: InboundEvent) -> None:
    match event:
        case InboundMessage():
            await _take_message(scope, account, event_id, event)
        case DeliveryUpdate():
            async with open_db(scope) as db:
                if not await apply_update(db, account.id, event) and not await apply_test_update(db, account.id, event):
                    raise NotYet("The message this is about")
                await note_customer(db, event_id, await customer_of(db, account.id, event))
        case Reaction():
            customer = await _with_sender(scope, account, event.sender)
            async with open_db(scope) as db:
                await note_customer(db, event_id, customer.id if customer is not None else None)
                if not await apply_reaction(db, account.id, event):
                    raise NotYet("The message this is about")
        case Correction():
            async with open_db(scope) as db:
                if not await apply_correction(db, account.id, event):
                    raise NotYet("The message this is about")
        case ConsentChange():
            customer = await _with_sender(scope, account, event.sender)
            if customer is None:
                raise NotYet("The customer this is about")
            async with open_db(scope) as db:
                await note_customer(db, event_id, customer.id)
                await apply_consent(db, customer.id, account.channel, event)
        case AddressProblem():
            async with open_db(scope) as db:
                await apply_address_problem(db, account.channel, event)
        case AddressChange():
            async with open_db(scope) as db:
                await change_address(db, account.channel, event.old, event.new)
        case AccountNotice():
            async with open_db(scope) as db:
                await _note(db, account, event)
        case Echo():
            async with open_db(scope) as db:
                await keep_echo(db, account, event)
        case Ignored():
            pass


async def _wait_for_earlier(scope: Scope, event_id: UUID) -> None:
    """Let earlier messages of the same sender be stored first; one that does not get on holds up nobody for long."""
    deadline = monotonic() + ORDER_PATIENCE.total_seconds()
    while True:
        async with open_db(scope) as db:
            if not await waits_for_earlier(db, event_id):
                return
        if monotonic() > deadline:
            return
        await asyncio.sleep(ORDER_POLL_SECONDS)


async def _take_message(scope: Scope, account: Account, event_id: UUID, message: InboundMessage) -> None:
    html_key = await keep_html(scope, message.html) if message.html else ""
    files = await keep_media(scope, account, message.media) if message.media else []
    heard = await _listen(scope, account, message, files) if any(one.is_voice for one in message.media) else ""
    details = dict(message.details)
    if heard and not message.text:
        details["is_transcript"] = True
    await _wait_for_earlier(scope, event_id)
    prepared = Prepared(attachments=tuple(files), html_key=html_key, text=heard if not message.text else "", details=details)
    try:
        received = await take_in(scope, account, event_id, message, prepared)
    except OmniError:
        await _drop(html_key)
        raise
    if received is None or received.is_repeat:
        await _drop(html_key)
        return
    if account.adapter.capabilities.has_typing and received.speaker == "ai" and not message.automatic:
        start_task(_show_typing(account, message.id), "typing shown")


async def _listen(scope: Scope, account: Account, message: InboundMessage, files: Sequence[UUID]) -> str:
    """What its voice notes say; nobody pays for those of somebody staff blocked."""
    customer = await _with_sender(scope, account, message.sender)
    return "" if customer is not None and customer.is_blocked else await listen(scope, account, message.media, files)


async def _drop(html_key: str) -> None:
    """Files without a message are swept after a day; the HTML has no row by which it would be found again."""
    if html_key:
        await delete_file(html_key)


async def _show_typing(account: Account, provider_id: str) -> None:
    try:
        await account.adapter.show_typing(provider_id, account.settings, open_http())
    except OmniError as error:
        log.info("typing not shown", kind=account.kind, error=str(error))


async def _with_sender(scope: Scope, account: Account, sender: Sender) -> KnownCustomer | None:
    async with open_db(scope) as db:
        return (await recognise(db, account.channel, sender.identifiers, sender.name, sender.language)).customer


async def _note(db: Db, account: Account, notice: AccountNotice) -> None:
    if notice.template is not None:
        await keep_template(db, account.id, notice.template)
    if notice.health == "revoked":
        await note_revoked(db, account.id, notice.text)
    elif notice.health == "failing":
        await note_trouble(db, account.id, notice.text)
    elif notice.health == "ok":
        await note_sent(db, account.id)
