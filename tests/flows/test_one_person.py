"""Mail, WhatsApp and chat: one person, one memory; and three again when it was a mistake."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from omni_app.channels.connections import create_connection, load_connection
from omni_app.channels.locating import forget_located
from omni_app.conversations.identity import prove_by_code
from omni_app.conversations.joining import join_by_staff, undo_join
from omni_app.conversations.memory import embed_messages, recall
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.llm.embedding import embed_one
from omni_app.orchestrator.hearing import hear
from tests.channels import meta
from tests.channels.contract_samples import Sample, samples_of
from tests.channels.sendgrid.payloads import fields, form
from tests.conversations.desk import make_member
from tests.conversations.visitors import browser, claim_and_get_code, points, write
from tests.making import Made, make_business, open_client, rows

pytestmark = pytest.mark.usefixtures("database")

ALLERGY = "Please note that I am allergic to latex gloves."
# The subject of a thread's first mail is part of what it says.
REMEMBERED = f"Check-up\n{ALLERGY}"


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    forget_located()
    async with open_client() as opened:
        yield opened


async def mail_in(made: Made, client: httpx2.AsyncClient, text: str) -> None:
    samples = samples_of("sendgrid")
    assert samples.sign is not None
    async with open_db(made.scope) as db:
        connection_id = await create_connection(db, "sendgrid", "Mail", samples.settings)
        view = await load_connection(db, connection_id)
    path = "/webhooks/" + view.webhooks[0].url.partition("/webhooks/")[2]
    sample = Sample(hook=view.webhooks[0].path, body=form(fields(text=text)))
    answer = await client.post(path, content=sample.body, headers=dict(samples.sign(sample.hook, sample.body, now()).headers))
    assert answer.status_code == 200, answer.text


async def whatsapp_in(made: Made, client: httpx2.AsyncClient, text: str) -> None:
    _, path = await meta.connect(made)
    body = meta.envelope(meta.text_message(text, "wamid.journey"))
    assert (await client.post(path, content=body, headers=meta.signed(body))).status_code == 200


async def work(scope: Scope) -> None:
    """What the worker does with what came in."""
    for row in await rows("select id from channel_events where status = 'new' order by received_at, id"):
        await hear(scope, row["id"])


async def owners() -> dict[str, UUID]:
    """Channel -> whose conversation it is."""
    return {row["channel"]: row["customer_id"] for row in await rows("select channel, customer_id from conversations")}


async def said_about(scope: Scope, customer_id: UUID, question: str) -> list[tuple[str, str]]:
    """(channel, text) of what the turn would remember for this question."""
    vector = await embed_one(question)
    async with open_db(scope) as db:
        found = await recall(db, customer_id, vector, without=None, roles=("customer",))
    return [(memory.channel, memory.text) for memory in found]


async def test_one_person_over_three_channels_has_one_memory_until_it_is_undone(client: httpx2.AsyncClient) -> None:
    made = await make_business()
    await mail_in(made, client, ALLERGY)
    await whatsapp_in(made, client, "When can I come for a check-up?")
    await work(made.scope)
    visitor = browser()
    await write(made.scope, visitor, "Hello, it's me again.")
    await embed_messages(made.scope)
    apart = await owners()
    assert len(set(apart.values())) == 3
    assert await said_about(made.scope, apart["whatsapp"], "Which gloves do you use for me?") != [("email", REMEMBERED)]

    # The visitor proves the mail address with a code; of the phone number somebody of the team knows whose it is.
    _, code = await claim_and_get_code(made.scope, visitor, "ann@example.org")
    await prove_by_code(made.scope, visitor, code)
    maya = await make_member(made.scope, "Maya Chen")
    async with open_db(maya) as db:
        merge_id = await join_by_staff(db, apart["whatsapp"], apart["email"], "She told me on the phone")
    together = await owners()
    assert set(together.values()) == {apart["email"]}
    assert {(kind, proof) for kind, _, _, proof in await points(apart["email"])} >= {
        ("email", "proven"),
        ("phone", "proven"),
        ("external", "proven"),
    }
    assert ("email", REMEMBERED) in await said_about(made.scope, apart["email"], "Which gloves do you use for me?")

    async with open_db(maya) as db:
        await undo_join(db, merge_id)
    parted = await owners()
    assert parted["whatsapp"] == apart["whatsapp"]
    assert parted["email"] == parted["chat"] == apart["email"]
    assert ("email", REMEMBERED) not in await said_about(made.scope, apart["whatsapp"], "Which gloves do you use for me?")
    assert {kind for kind, *_ in await points(apart["whatsapp"])} == {"phone"}
