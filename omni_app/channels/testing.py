"""Send one short text over a connection, so that whoever sets it up sees it arrive."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from omni_app import audit
from omni_app.budgets import Worst, pay
from omni_app.channels.accounts import Account, open_account
from omni_app.channels.contract import Identifier, OutboundMail, OutboundMessage, Receipt
from omni_app.channels.failures import Revoked, Unavailable, Uncertain
from omni_app.channels.health import note_revoked, note_sent, note_trouble
from omni_app.channels.tried import note_test
from omni_app.customers.addresses import normalize_email, normalize_phone
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Invalid, OmniError
from omni_app.infra.http import open_http
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope
from omni_app.limits.window import take
from omni_app.settings import load_settings

log = get_logger(__name__)

TEXT = "This is a test. If you can read it, this channel works."
SUBJECT = "Test of this channel"
MOST, WINDOW = 20, timedelta(hours=1)
SERVICE = "delivery"
_LONGEST_ID = 200


async def send_test(scope: Scope, connection_id: UUID, to: str) -> str:
    """Send `TEXT` to an address, a phone number or an id that the caller typed; what the provider's taking it means, in words.

    It costs what any message costs on this channel. Raises `Invalid` (field `to`), `Conflict` when the connection is off,
    `TooMany`, `BudgetSpent`, `UnknownPrice`, what the provider says (`Refused`, `Revoked`, `Unavailable`, `Uncertain`),
    `NotFound`, `Forbidden` without CONFIGURE.
    """
    scope.require(Permission.CONFIGURE)
    async with open_db(scope) as db:
        account = await open_account(db, connection_id)
    if not account.is_on:
        raise Conflict("This connection is switched off. Switch it on, then send the test.")
    receiver = read_receiver(account.channel, to)
    turn = await take("channel-test", str(scope.business_id), MOST, WINDOW)
    turn.require(f"At most {MOST} tests an hour.")
    message = _message(account, receiver)
    if not account.adapter.capabilities.polls:
        async with open_db(scope) as db:
            await note_test(db, account.id, message.delivery_id)
    outcome = await _paid(scope, account, message)
    await _note(scope, account, message.delivery_id, outcome)
    if isinstance(outcome, OmniError):
        raise outcome
    return f"{account.adapter.title} took the message for {receiver.value}."


def read_receiver(channel: str, to: str) -> Identifier:
    """What was typed as the address of that channel. Raises `Invalid` (field `to`)."""
    if channel == "email":
        return Identifier(kind="email", value=normalize_email(to, "to"))
    if channel in ("whatsapp", "sms", "voice"):
        return Identifier(kind="phone", value=normalize_phone(to, "to"))
    bare = to.strip()
    if not bare or len(bare) > _LONGEST_ID or not bare.isprintable():
        raise Invalid("Write the id the provider knows the person by.", "to")
    return Identifier(kind="external", value=bare)


def _message(account: Account, receiver: Identifier) -> OutboundMessage:
    delivery_id = new_id()
    is_mail = account.adapter.capabilities.has_subject
    env = load_settings()
    domain = env.mail_domain or urlsplit(env.base_url).hostname or "localhost"
    mail = OutboundMail(message_id=f"test.{delivery_id.hex}@{domain}", subject=SUBJECT) if is_mail else None
    return OutboundMessage(delivery_id=delivery_id, to=(receiver,), text=TEXT, mail=mail, is_from_person=True)


async def _paid(scope: Scope, account: Account, message: OutboundMessage) -> Receipt | OmniError:
    unit = account.adapter.capabilities.cost_unit
    if not unit:
        return await _send(account, message)
    worst = Worst(provider=account.channel, model=account.kind, service=SERVICE, units={unit: 1}, channel=account.channel)
    paid = await pay(scope, worst, lambda: _send(account, message), lambda outcome: _used(unit, outcome), note="test")
    return paid.result


def _used(unit: str, outcome: Receipt | OmniError) -> dict[str, int]:
    """What was not taken costs nothing; what may have been taken counts."""
    if isinstance(outcome, Receipt):
        return dict(outcome.units) if outcome.units is not None else {unit: 1}
    return {unit: 1 if isinstance(outcome, Uncertain) else 0}


async def _send(account: Account, message: OutboundMessage) -> Receipt | OmniError:
    try:
        async with asyncio.timeout(load_settings().send_timeout_seconds):
            return await account.adapter.send(message, account.settings, open_http())
    except OmniError as error:
        return error
    except TimeoutError:
        return Uncertain("The provider did not answer in time. The message may have been sent.")
    except Exception:
        log.exception("test message failed", kind=account.kind)
        return Uncertain("The test broke off. The message may have been sent; the log holds the reason.")


async def _note(scope: Scope, account: Account, delivery_id: UUID, outcome: Receipt | OmniError) -> None:
    async with open_db(scope) as db:
        match outcome:
            case Receipt():
                if not account.adapter.capabilities.polls:
                    await note_test(db, account.id, delivery_id, outcome.provider_id)
                await note_sent(db, account.id)
            case Revoked():
                await note_revoked(db, account.id, str(outcome))
            case Unavailable() if outcome.retry_after is None:
                await note_trouble(db, account.id, str(outcome))
        after = {"name": account.name, "is_sent": isinstance(outcome, Receipt)}
        await audit.record(db, "channel.test_sent", "channel", account.id, after=after)
