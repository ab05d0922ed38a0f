"""Take the next message of a conversation to be sent, and everything the channel needs to send it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.budgets import BudgetSpent, UnknownPrice
from omni_app.channels.accounts import Account
from omni_app.channels.contract import Identifier, OutboundMail, OutboundMessage, TemplateUse
from omni_app.channels.templates import FILE
from omni_app.conversations.barring import find_bar, load_facts
from omni_app.conversations.mail_composing import compose
from omni_app.conversations.outcomes import BUDGET_WAIT, Outcome
from omni_app.conversations.parts import PART_COLUMNS, Part, part_of
from omni_app.conversations.postage import hold
from omni_app.conversations.progress import GIVE_UP
from omni_app.conversations.reactions import CUSTOMER
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.settings import load_settings

Opening = Callable[[Db, UUID], Awaitable[Account]]

# What a send takes beside the provider's time: reading files, writing down.
_AROUND = timedelta(seconds=15)
CLOCK_SLACK = timedelta(minutes=1)

# Only the first that is not finished may be taken, so nothing overtakes; one whose fate is unknown holds nothing up. A claim from
# beyond its own length was written before the clock was set back.
_CLAIM = text(
    f"""
    with head as (
      select d.id, d.status, d.claimed_until from deliveries d
      where d.conversation_id = :conversation_id and d.status in ('queued', 'sending')
      order by d.seq, d.part limit 1 for update
    ), d as (
      update deliveries d set status = 'sending', claimed_until = :until, fence = d.fence + 1, attempts = d.attempts + 1
      from head where d.id = head.id and d.status = 'queued' and (d.available_at <= :now or d.created_at > :soon)
      returning d.*
    )
    select {PART_COLUMNS} from d
    union all
    select {PART_COLUMNS} from deliveries d join head on head.id = d.id
    where head.status = 'sending' and (head.claimed_until < :now or head.claimed_until > :late)
    """  # noqa: S608 (constants)
)

_FILES = text(
    """
    select a.id, a.name, a.media_type, a.storage_key, (
      select count(*) from deliveries x where x.message_id = :message_id and x.part < :part and x.text = '') as number
    from attachments a where a.message_id = :message_id
    order by array_position(cast(:ids as uuid[]), a.id)
    """
)
_HEADER_FILE = text("select storage_key, name, media_type from attachments where id = :id and status = 'stored'")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that has to be read before it can be sent."""

    storage_key: str
    name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One claimed delivery. Without an `account` or with an `outcome` nothing is sent: the outcome is recorded as it is."""

    part: Part
    account: Account | None = None
    message: OutboundMessage | None = None
    files: tuple[StoredFile, ...] = ()
    outcome: Outcome | None = None


def claim_time() -> timedelta:
    """How long a claim lasts: past it the sender is taken for dead."""
    return timedelta(seconds=load_settings().send_timeout_seconds) + _AROUND


async def take_next(db: Db, conversation_id: UUID, opening: Opening) -> Parcel | None:
    """Claim the next delivery that is due and hold its money; commit before it is sent. None when nothing is to be done now.

    One whose sender died comes as a parcel with its outcome: whether it left nobody knows.
    """
    at = now()
    until = at + claim_time()
    late = until + CLOCK_SLACK
    values = {"conversation_id": conversation_id, "until": until, "now": at, "soon": at + CLOCK_SLACK, "late": late}
    row = (await db.execute(_CLAIM, values)).one_or_none()
    if row is None:
        return None
    part = part_of(row)
    try:
        account = None if part.connection_id is None else await opening(db, part.connection_id)
    except NotFound:
        account = None
    if account is None:
        return Parcel(part=part, outcome=Outcome.failed("The channel this was to go out by was removed.", "off"))
    if part.claimed_until is not None and (part.claimed_until < at or part.claimed_until > late):
        outcome = Outcome.lost("The sending was cut off: it may have left.", account, is_trouble=False)
        return Parcel(part=part, account=account, outcome=outcome)
    return await _pack(db, part, account, at)


async def _pack(db: Db, part: Part, account: Account, at: datetime) -> Parcel:
    facts = await load_facts(db, part.message_id, part.connection_id)
    if outcome := _keeps_back(part, account, facts, at):
        return Parcel(part=part, account=account, outcome=outcome)
    if facts.role == CUSTOMER:
        return await _pack_reaction(db, part, account, facts)
    files = await _files_of(db, part, facts, account)
    if files is None:
        return Parcel(part=part, account=account, outcome=Outcome.failed("The file is not there any more.", "content"))
    mail = await _mail_of(db, part, account)
    part, outcome = await _hold(db, part, account)
    if outcome is not None:
        return Parcel(part=part, account=account, outcome=outcome)
    message = OutboundMessage(
        delivery_id=part.id,
        to=_receiver(facts),
        text=part.text,
        template=template_of(facts.details),
        choices=tuple(facts.details.get("choices") or ()) if part.part == 0 else (),
        answers_id=facts.answers_id if part.part == 0 else "",
        mail=mail,
        is_from_person=facts.role == "staff",
    )
    return Parcel(part=part, account=account, message=message, files=files)


async def _pack_reaction(db: Db, part: Part, account: Account, facts: Any) -> Parcel:
    """An emoji of staff on a message of the customer; `part.text` is empty when it is taken off."""
    if account.adapter.capabilities.bills_reactions:
        part, outcome = await _hold(db, part, account)
        if outcome is not None:
            return Parcel(part=part, account=account, outcome=outcome)
    message = OutboundMessage(
        delivery_id=part.id,
        to=_receiver(facts),
        answers_id=facts.external_id or "",
        reaction=part.text,
        is_from_person=True,
    )
    return Parcel(part=part, account=account, message=message)


async def _hold(db: Db, part: Part, account: Account) -> tuple[Part, Outcome | None]:
    """The part with its money held, or why it cannot leave now."""
    try:
        return await hold(db, part, account.kind, account.adapter.capabilities), None
    except BudgetSpent as error:
        return part, Outcome.later(f"Paid sending is paused. {error}", "budget", BUDGET_WAIT)
    except UnknownPrice as error:
        return part, Outcome.failed(str(error), "budget")


def _receiver(facts: Any) -> tuple[Identifier, ...]:
    address = decrypt(unwrap_data_key(facts.data_key), facts.point_value, CONTACT_POINT)
    return (Identifier(kind=facts.point_kind, value=address),)


def _keeps_back(part: Part, account: Account, facts: Any, at: datetime) -> Outcome | None:
    if at - part.created_at > GIVE_UP:
        why = f" {part.error}" if part.error else ""
        return Outcome.failed(f"It could not be sent within a day.{why}", part.error_kind or "later", part.error_code)
    if bar := find_bar(facts, account.adapter.capabilities):
        return Outcome.failed(bar.text, bar.kind)
    if account.health == "revoked":
        return Outcome.waiting("This channel has to be connected again; what waits is sent then.", "revoked")
    if account.paused_until is not None and account.paused_until > at:
        text_ = "The channel has trouble; the next try follows by itself."
        return Outcome.later(text_, "paused", account.paused_until - at, is_trouble=False)
    return None


async def _files_of(db: Db, part: Part, facts: Any, account: Account) -> tuple[StoredFile, ...] | None:
    """The files this delivery carries; None when one that it should carry is gone.

    A mail and a template's head carry all of them with their text, elsewhere each file is a delivery without text.
    """
    template = template_of(facts.details)
    if template is not None and template.header_media.startswith(FILE):
        values = {"id": UUID(template.header_media.removeprefix(FILE))}
        file = (await db.execute(_HEADER_FILE, values)).one_or_none()
        return None if file is None else (StoredFile(**file._mapping),)
    goes_along = account.adapter.capabilities.has_subject or template is not None
    if not facts.attachments or (part.text and not goes_along) or (part.part and goes_along):
        return ()
    ids = [UUID(str(file["id"])) for file in facts.attachments]
    rows = (await db.execute(_FILES, {"message_id": part.message_id, "part": part.part, "ids": ids})).all()
    wanted = rows if goes_along or not rows else rows[rows[0].number : rows[0].number + 1]
    if len(wanted) < (len(ids) if goes_along else 1):
        return None
    return tuple(StoredFile(storage_key=row.storage_key, name=row.name, media_type=row.media_type) for row in wanted)


async def _mail_of(db: Db, part: Part, account: Account) -> OutboundMail | None:
    if not account.adapter.capabilities.has_subject:
        return None
    own: frozenset[str] = getattr(account.settings, "own", frozenset())
    return await compose(db, part.message_id, own=own)


def template_of(details: dict[str, Any]) -> TemplateUse | None:
    """The template a message uses, from `messages.details` {template: {name, language, variables, header_text}}."""
    found = details.get("template")
    if not isinstance(found, dict):
        return None
    return TemplateUse(
        name=str(found["name"]),
        language=str(found["language"]),
        variables={str(name): str(value) for name, value in (found.get("variables") or {}).items()},
        header_text=str(found.get("header_text") or ""),
        header_kind=str(found.get("header_kind") or ""),
        header_media=str(found.get("header_media") or ""),
    )
