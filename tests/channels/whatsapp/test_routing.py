"""Meta knows one address for an app, whatever numbers it serves."""

import pytest

from omni_app.channels.connections import create_connection, load_connection
from omni_app.channels.locating import forget_located
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from tests.channels.whatsapp.payloads import CONTACT, NUMBER_ID, OTHER_NUMBER_ID, body, change, message, webhook
from tests.channels.whatsapp.samples import HOOK, SETTINGS, sign
from tests.making import Made, make_business, open_client, rows

BATCH = body(
    webhook(
        change(contacts=[CONTACT], messages=[message("text", {"body": "one"}, id="wamid.1")]),
        change(
            number_id=OTHER_NUMBER_ID, contacts=[CONTACT], messages=[message("text", {"body": "to the second"}, id="wamid.2")]
        ),
    )
)


async def connect(made: Made, number_id: str) -> str:
    """A tested number of the same app; the path of its own address."""
    async with open_db(made.scope) as db:
        connection_id = await create_connection(db, "whatsapp", number_id, {**SETTINGS, "phone_number_id": number_id})
        (hook,) = (await load_connection(db, connection_id)).webhooks
    await rows("update channel_connections set verified_at = :now where id = :id returning id", now=now(), id=connection_id)
    return "/webhooks/" + hook.url.partition("/webhooks/")[2]


async def stored() -> dict[str, list[str]]:
    """number -> keys of its events."""
    found = await rows(
        """select n.business_id, n.account_key, json_agg(e.event_key order by e.event_key) as keys
           from channel_events e join channel_connections n on n.id = e.connection_id group by 1, 2"""
    )
    return {row["account_key"]: row["keys"] for row in found}


@pytest.mark.parametrize("is_same_business", [True, False])
async def test_each_number_gets_its_own_messages(is_same_business: bool, database: object) -> None:
    forget_located()
    made = await make_business(faqs=())
    path = await connect(made, NUMBER_ID)
    await connect(made if is_same_business else await make_business("Other", faqs=()), OTHER_NUMBER_ID)
    async with open_client() as client:
        answer = await client.post(path, content=BATCH, headers=dict(sign(HOOK, BATCH, now()).headers))
    assert answer.status_code == 200
    if is_same_business:
        assert await stored() == {NUMBER_ID: ["wamid.1"], OTHER_NUMBER_ID: ["wamid.2"]}
    else:
        # Whose address and secret it was, not what the body claims.
        assert await stored() == {NUMBER_ID: ["wamid.1", "wamid.2"]}
