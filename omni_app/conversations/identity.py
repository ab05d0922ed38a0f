"""Who a visitor of the widget says to be, and what proves it.

A claim joins nothing and reads nothing of the address's owner. Proof (a code sent there, or the business's own page) joins the
visitor to the owner, or makes the address theirs. Two proven people are never joined here: on a shared computer the visitor's
browser moves to the one proven last, and the other keeps what is theirs.

After a proof the visitor may be another customer with another conversation: `IdentityState.conversation_id` says which one to
show (None: an empty chat). Every proof is told as the live note `identity.changed {visitor_id}`, for the visitor's other tabs. A
browser that a page vouched for (`is_by_page`) and that comes back without a user has logged out: give it a new visitor id.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from omni_app.conversations.code_mail import code_mail
from omni_app.conversations.joining import TELLING, are_two_people, join_customers
from omni_app.customers.addresses import Address, normalize_email, normalize_phone
from omni_app.customers.claiming import claim_address
from omni_app.customers.identifying import CONTACT_POINT, add_point, create_customer
from omni_app.customers.proving import Checked, Claim, accept_claim, check_code, create_code, find_claimed_email, read_code
from omni_app.infra import live
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope
from omni_app.limits.window import take
from omni_app.notices import queue_mail
from omni_app.tenancy.checks import check_name
from omni_app.tenancy.site_identity import require_user

log = get_logger(__name__)
T = TypeVar("T")

SITE = "site"
HOUR = timedelta(hours=1)
CLAIMS_AN_HOUR = 20
CODES_AN_HOUR = 3
BUSINESS_CODES_AN_HOUR = 60
_TRIES = 4
# Deadlock detected, serialization failure (PostgreSQL's SQLSTATE).
_RACES = ("40P01", "40001")

_FIND = text(
    """
    select cu.id, cu.name, cu.language, cu.data_key, cu.blocked_at, me.proven_by, b.name as business_name, b.locale,
      (select coalesce(jsonb_agg(jsonb_build_object('kind', p.kind, 'channel', p.channel, 'value', p.value,
         'index', p.value_index, 'proof', p.proof) order by p.created_at desc, p.id desc), '[]') from contact_points p
         where p.customer_id = cu.id and not (p.kind = 'external' and p.channel = 'chat')) as points,
      (select c.id from conversations c where c.customer_id = cu.id and c.channel = 'chat'
         order by c.last_message_at desc limit 1) as conversation_id,
      (select c.language from conversations c where c.customer_id = cu.id and c.channel = 'chat'
         order by c.last_message_at desc limit 1) as chat_language
    from businesses b
    left join contact_points me on me.business_id = b.id and me.kind = :kind and me.channel = :channel and me.value_index = :index
      and me.proof = 'proven'
    left join customers cu on cu.id = me.customer_id
    where b.id = :business_id
    """
)

_LOCK = text(
    """select id from contact_points where kind = :kind and channel = :channel and value_index = :index and proof = 'proven'
       for update"""
)

_OWNER = text(
    """select cp.customer_id as id, cu.data_key from contact_points cp join customers cu on cu.id = cp.customer_id
       where cp.kind = :kind and cp.channel = :channel and cp.value_index = :index and cp.proof = 'proven'"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityState:
    """`proof`: none, claimed (typed by the visitor) or proven. `claimed` is the address that waits for proof, masked.

    `conversation_id` is the visitor's newest chat. `is_by_page` says that the business's page vouched for this browser.
    """

    customer_id: UUID | None = None
    name: str = ""
    proof: Literal["none", "claimed", "proven"] = "none"
    claimed: str = ""
    conversation_id: UUID | None = None
    is_by_page: bool = False


async def claim(scope: Scope, visitor: Address, *, name: str = "", email: str = "", phone: str = "") -> IdentityState:
    """Note what the visitor typed. Staff see it; nothing of a known customer is joined.

    Raises `Invalid` (fields `name`, `email`, `phone`), `TooMany` after 20 an hour, `Forbidden` when the visitor is blocked.
    """
    scope.require(Permission.REPLY)
    name = check_name(name, "name", "Your name") if name.strip() else ""
    mail = Address(kind="email", channel="", value=normalize_email(email, "email")) if email.strip() else None
    if not (name or mail or phone.strip()):
        raise Invalid("Give your name, your e-mail or your phone number.", "email")
    window = await take("claims", f"{scope.business_id}:{visitor.value}", CLAIMS_AN_HOUR, HOUR)
    window.require("You changed your details very often. Try again later.")

    async def once() -> IdentityState:
        async with open_db(scope) as db:
            row = await _find(db, visitor)
            number = _phone(phone, row.locale) if phone.strip() else None
            customer_id = row.id or (await create_customer(db, visitor, proven_by="channel")).id
            given = [address for address in (mail, number) if address is not None]
            for address in given or (None,):
                await claim_address(db, customer_id, address, name)
            return _state(await _find(db, visitor))

    return await _until_settled(once)


async def send_code(scope: Scope, visitor: Address) -> None:
    """Mail a six-digit code to the claimed e-mail, whether or not anybody is known by it.

    Raises `Invalid` (nothing claimed, only a phone), `TooMany` (three an hour to one address, 60 of one business), `Forbidden`.
    """
    scope.require(Permission.REPLY)
    async with open_db(scope) as db:
        row = await _find(db, visitor)
        if row.id is None:
            raise Invalid("Give your e-mail address first.", "email")
        claimed = await find_claimed_email(db, row.id)
    await _take_code(f"{scope.business_id}:{claimed.address.index}", CODES_AN_HOUR)
    await _take_code(str(scope.business_id), BUSINESS_CODES_AN_HOUR)
    async with open_db(scope) as db:
        code = await create_code(db, claimed)
    subject, letter = code_mail(code, row.business_name, row.chat_language or "", row.language or "", row.locale)
    async with system_db("code for a customer") as system:
        await queue_mail(system, claimed.address.value, subject, letter, scope.business_id)


async def _take_code(subject: str, most: int) -> None:
    window = await take("codes", subject, most, HOUR, when_away="closed")
    if not window.allowed and not window.is_counted:
        raise Unavailable("Sending of codes", window.reset_after)
    window.require("We sent several codes within the hour. Look for the newest one, or ask again later.")


async def prove_by_code(scope: Scope, visitor: Address, code: str) -> IdentityState:
    """Join the visitor to the owner of the address, or make it theirs. A code already used by this visitor changes nothing.

    Raises `Invalid` (field `code`), `TooMany` after five wrong tries.
    """
    scope.require(Permission.REPLY)
    digits = read_code(code)

    async def once() -> tuple[Checked, IdentityState]:
        async with open_db(scope) as db:
            row = await _find_alone(db, visitor)
            if row.id is None:
                return Checked(outcome="nothing"), IdentityState()
            checked = await check_code(db, row.id, digits)
            if checked.claim is not None:
                await _prove(db, row, visitor, checked.claim.address, "code", checked.claim)
                row = await _find(db, visitor)
            return checked, _state(row)

    checked, state = await _until_settled(once)
    if checked.outcome == "right" or (checked.outcome == "nothing" and state.proof == "proven"):
        return state
    if checked.outcome == "wrong":
        raise Invalid("This is not the code we sent.", "code")
    if checked.outcome == "too_many":
        raise TooMany("That were too many wrong tries. Ask for a new code.", checked.wait)
    if checked.outcome == "expired":
        raise Invalid("This code has expired. Ask for a new one.", "code")
    raise Invalid("Ask for a code first.", "code")


async def prove_by_page(scope: Scope, visitor: Address, user: str, user_hash: str) -> IdentityState:
    """Accept who the business's own page vouches for: `user` is an e-mail when it has an @, else the site's own id.

    Raises `Forbidden` when the hash is not the business's, `Invalid` (field `user`) when a signed user can be no address.
    """
    scope.require(Permission.REPLY)
    try:
        async with open_db(scope) as db:
            await require_user(db, user, user_hash)
    except Forbidden:
        if (await take("forged-identity", str(scope.business_id), 10, HOUR)).allowed:
            log.warning("forged identity refused", business_id=str(scope.business_id))
        raise
    address = _page_address(user)

    async def once() -> IdentityState:
        async with open_db(scope) as db:
            await _prove(db, await _find_alone(db, visitor), visitor, address, "page", None)
            return _state(await _find(db, visitor))

    return await _until_settled(once)


async def identity_of(scope: Scope, visitor: Address) -> IdentityState:
    """What is known of this visitor."""
    async with open_db(scope) as db:
        return _state(await _find(db, visitor))


async def _find(db: Db, visitor: Address) -> Any:
    values = {"business_id": db.scope.business_id, "kind": visitor.kind, "channel": visitor.channel, "index": visitor.index}
    row = (await db.execute(_FIND, values)).one_or_none()
    if row is None:
        raise NotFound("business")
    return row


async def _find_alone(db: Db, visitor: Address) -> Any:
    """Like `_find`, after every other proof of this browser: two tabs proving two people must see each other."""
    await db.execute(_LOCK, {"kind": visitor.kind, "channel": visitor.channel, "index": visitor.index})
    return await _find(db, visitor)


def _state(row: Any) -> IdentityState:
    if row.id is None:
        return IdentityState()
    open_claim = next((point for point in row.points if point["proof"] == "claimed"), None)
    is_proven = any(point["proof"] == "proven" for point in row.points)
    return IdentityState(
        customer_id=row.id,
        name=row.name,
        proof="proven" if is_proven else "claimed" if open_claim else "none",
        claimed=_mask(open_claim, row.data_key) if open_claim else "",
        conversation_id=row.conversation_id,
        is_by_page=row.proven_by == "page",
    )


def _mask(point: dict[str, Any], data_key: str) -> str:
    """`s•••@example.com`, `+1•••48`: enough to know one's own by."""
    value = decrypt(unwrap_data_key(data_key), point["value"], CONTACT_POINT)
    if point["kind"] == "email":
        local, _, domain = value.rpartition("@")
        return f"{local[:1]}•••@{domain}"
    return f"{value[:2]}•••{value[-2:]}"


def _phone(phone: str, locale: str) -> Address:
    region = locale.partition("-")[2] or None
    return Address(kind="phone", channel="", value=normalize_phone(phone, "phone", region))


def _page_address(user: str) -> Address:
    if "@" in user:
        return Address(kind="email", channel="", value=normalize_email(user, "user"))
    value = user.strip()
    if not value or len(value) > 200 or not value.isprintable():
        raise Invalid("The user is an e-mail or an id of 1 to 200 printable characters.", "user")
    return Address(kind="external", channel=SITE, value=value)


async def _prove(db: Db, mine: Any, visitor: Address, address: Address, by: str, claimed: Claim | None) -> None:
    """`address` is proven to be the visitor's. `mine` is what `_find` gave; `claimed` the claim that is proven, if any."""
    owner = (await db.execute(_OWNER, {"kind": address.kind, "channel": address.channel, "index": address.index})).one_or_none()
    evidence = "code sent to the address" if by == "code" else "signed by the business's page"
    if mine.id is None:
        if owner is None:
            made = await create_customer(db, address, proven_by=by)
            await add_point(db, made.id, made.data_key, visitor, "proven", by)
        else:
            await add_point(db, owner.id, owner.data_key, visitor, "proven", by)
    elif owner is None and _is_somebody_else(mine, address):
        made = await create_customer(db, address, proven_by=by)
        await _move_browser(db, visitor, made.id, made.data_key, claimed, by)
    elif owner is None:
        await _take_address(db, mine, address, claimed, by)
        await _note_browser(db, visitor, by)
    elif owner.id == mine.id:
        if mine.proven_by != by:
            await _note_browser(db, visitor, by)
    elif (by == "page" and _is_known(mine)) or await are_two_people(db, mine.id, owner.id):
        await _move_browser(db, visitor, owner.id, owner.data_key, claimed, by)
    else:
        await join_customers(db, mine.id, owner.id, evidence)
        await _note_browser(db, visitor, by)
    live.publish(db, "identity.changed", visitor_id=visitor.value)
    if owner is not None or mine.id is not None:
        live.publish(db, "customer.changed", customer_id=owner.id if owner is not None else mine.id)


def _is_known(mine: Any) -> bool:
    """Whether the visitor's customer has proven who they are. Then a page that vouches for somebody known only says who sits at
    this browser now: it may be a shared computer, and joining would show each the other's history on all their devices."""
    return any((point["kind"], point["channel"]) in TELLING and point["proof"] == "proven" for point in mine.points)


def _is_somebody_else(mine: Any, address: Address) -> bool:
    """Whether the visitor's customer has proven another address of this kind: a shared computer, or a second address."""
    if (address.kind, address.channel) not in TELLING:
        return False
    return any(
        (point["kind"], point["channel"], point["proof"]) == (address.kind, address.channel, "proven")
        and point["index"] != address.index
        for point in mine.points
    )


async def _take_address(db: Db, mine: Any, address: Address, claimed: Claim | None, by: str) -> None:
    if claimed is None:
        found = await db.execute(
            """select id from contact_points where customer_id = :id and kind = :kind and channel = :channel
               and value_index = :index and proof = 'claimed'""",
            {"id": mine.id, "kind": address.kind, "channel": address.channel, "index": address.index},
        )
        point_id = found.scalar_one_or_none()
        claimed = Claim(point_id=point_id, address=address) if point_id is not None else None
    if claimed is not None:
        await accept_claim(db, mine.id, claimed, by)
    else:
        await add_point(db, mine.id, mine.data_key, address, "proven", by)


async def _move_browser(db: Db, visitor: Address, customer_id: UUID, data_key: str, claimed: Claim | None, by: str) -> None:
    """This browser is somebody else's now: their address leaves the customer it was with, who keeps everything else."""
    await db.execute(
        "delete from contact_points where kind = :kind and channel = :channel and value_index = :index and proof = 'proven'",
        {"kind": visitor.kind, "channel": visitor.channel, "index": visitor.index},
    )
    if claimed is not None:
        await db.execute("delete from contact_points where id = :id", {"id": claimed.point_id})
    await add_point(db, customer_id, data_key, visitor, "proven", by)


async def _note_browser(db: Db, visitor: Address, by: str) -> None:
    await db.execute(
        """update contact_points set proven_by = :by where kind = :kind and channel = :channel and value_index = :index
           and proof = 'proven'""",
        {"by": by, "kind": visitor.kind, "channel": visitor.channel, "index": visitor.index},
    )


async def _until_settled(once: Callable[[], Awaitable[T]]) -> T:
    """Do it again when somebody else proved, joined or erased the same meanwhile: the next look finds what they left."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await once()
        except (IntegrityError, Conflict, NotFound):
            if attempt == _TRIES:
                raise
        except DBAPIError as error:
            if attempt == _TRIES or getattr(error.orig, "sqlstate", None) not in _RACES:
                raise
    raise AssertionError("unreachable")
