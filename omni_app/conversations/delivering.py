"""Send what waits in a conversation, in order, each part once.

    take (one transaction) → send (no transaction) → record (one transaction)

The row is the truth: `sending` is written before a message leaves. Who dies in between leaves a claim that ends; then the message
is `unknown` and nothing is sent again until a status of the provider, or a person, says what became of it.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from uuid import UUID

from omni_app.channels.accounts import Account, open_account
from omni_app.channels.contract import OutboundFile
from omni_app.conversations.jobs import DeliverConversation
from omni_app.conversations.outcomes import Outcome, outcome_of, record
from omni_app.conversations.parcels import Opening, Parcel, take_next
from omni_app.infra.database import open_db
from omni_app.infra.errors import NotFound, OmniError
from omni_app.infra.http import open_http
from omni_app.infra.jobs import enqueue
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import DELIVERIES
from omni_app.infra.scope import Permission, Scope
from omni_app.infra.storage import read_file
from omni_app.limits.window import take
from omni_app.settings import load_settings

log = get_logger(__name__)

# A job may take less than two minutes, the last send included; a long thread goes on in another one.
LONGEST_SECONDS = 20.0
_SECOND = timedelta(seconds=1)
# After a pause one message tries the connection; the others follow when it went well.
_PROBE = timedelta(seconds=5)


async def deliver_conversation(scope: Scope, conversation_id: UUID, *, opening: Opening = open_account) -> None:
    """Send everything that is due in one conversation, one part after the other; nothing happens while another call does.

    `opening` gives the account behind a connection id. Raises `Forbidden` without REPLY.
    """
    scope.require(Permission.REPLY)
    began = monotonic()
    while True:
        if monotonic() - began > LONGEST_SECONDS:
            async with open_db(scope) as db:
                await enqueue(db, DeliverConversation(conversation_id=conversation_id))
            return
        async with open_db(scope) as db:
            parcel = await take_next(db, conversation_id, opening)
        if parcel is None:
            return
        outcome = await _try(parcel)
        async with open_db(scope) as db:
            await record(db, parcel.part, outcome)
        DELIVERIES.labels(parcel.part.channel, outcome.kind).inc()
        if outcome.kind == "waiting":
            return
        if outcome.error_kind == "rate" and outcome.after is not None:
            await asyncio.sleep(outcome.after.total_seconds())


async def _try(parcel: Parcel) -> Outcome:
    if parcel.outcome is not None:
        return parcel.outcome
    account = parcel.account
    assert account is not None
    if outcome := await _wait_for_turn(account):
        return outcome
    return await _send(parcel, account)


async def _wait_for_turn(account: Account) -> Outcome | None:
    """None when this connection may send one more now."""
    if account.paused_until is not None:
        probe = await take("channel-probe", str(account.id), 1, _PROBE)
        if not probe.allowed:
            return Outcome.later("The channel had trouble and is being tried again.", "paused", probe.reset_after)
    turn = await take("channel-send", str(account.id), account.adapter.capabilities.sends_a_second, _SECOND)
    return None if turn.allowed else Outcome.later("", "rate", turn.reset_after)


async def _send(parcel: Parcel, account: Account) -> Outcome:
    assert parcel.message is not None
    try:
        files = tuple(
            [
                OutboundFile(name=one.name, media_type=one.media_type, data=await read_file(one.storage_key))
                for one in parcel.files
            ]
        )
    except (NotFound, OSError):
        log.warning("file to send is gone", delivery_id=str(parcel.part.id))
        return Outcome.failed("The file is not there any more.", "content")
    message = replace(parcel.message, files=files)
    try:
        async with asyncio.timeout(load_settings().send_timeout_seconds):
            receipt = await account.adapter.send(message, account.settings, open_http())
    except (OmniError, TimeoutError) as error:
        return outcome_of(error, account)
    except Exception as error:
        # Whatever broke in an adapter broke perhaps after the message left.
        log.exception("adapter failed", kind=account.kind, delivery_id=str(parcel.part.id))
        return outcome_of(error, account)
    return Outcome(kind="sent", receipt=receipt)
