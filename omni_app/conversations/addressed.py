"""Find the conversation with an address over one account: from what a provider shows to what the inbox shows."""

from contextlib import suppress
from uuid import UUID

from omni_app.customers.addresses import Address, normalize_email, normalize_phone
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission


async def find_conversation(db: Db, connection_id: UUID, address: str) -> UUID | None:
    """The newest conversation over this account with the customer who has this mail address, phone number (with or without its
    plus) or id at the provider. None when they never wrote. Raises `Forbidden` without VIEW.
    """
    db.scope.require(Permission.VIEW)
    found = await db.execute(
        """select c.id from conversations c join contact_points p on p.customer_id = c.customer_id
           join channel_connections a on a.id = c.connection_id
           where c.connection_id = :connection_id
             and (p.value_index = any(:indexes) or p.value_index = :telegram and a.channel = 'telegram'
               or p.value_index = :instagram and a.channel = 'instagram')
           order by c.last_message_at desc limit 1""",
        {
            "connection_id": connection_id,
            "indexes": [one.index for one in _possible(address)],
            "telegram": Address(kind="external", channel="telegram", value=address).index,
            "instagram": Address(kind="external", channel="instagram", value=address).index,
        },
    )
    return found.scalar_one_or_none()


def _possible(address: str) -> list[Address]:
    possible = []
    if "@" in address:
        with suppress(Invalid):
            possible.append(Address(kind="email", channel="", value=normalize_email(address, "address")))
    else:
        with suppress(Invalid):
            possible.append(Address(kind="phone", channel="", value=normalize_phone("+" + address.lstrip("+"), "address")))
    return possible
