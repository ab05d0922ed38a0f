"""A waiting file is fetched by the worker; what cannot be had any more says so, and the job is done."""

import pytest

import workers.media
from omni_app.channels.contract import InboundMedia
from omni_app.conversations.media import keep_media
from tests.conversations.desk import make_desk
from tests.conversations.test_media import make_account, say, shown
from tests.making import rows
from workers.outbox import run_row
from workers.registry import handlers

pytestmark = pytest.mark.usefixtures("database")


async def test_a_file_whose_channel_is_gone_ends_its_job() -> None:
    assert handlers["FetchAttachment"][1] is workers.media.fetch
    desk = await make_desk()
    account = await make_account(desk.system)
    message_id = await say(desk, account, await keep_media(desk.system, account, [InboundMedia(kind="audio", ref="1")]))
    await rows("delete from channel_connections returning 1")
    (job,) = await rows("select id from outbox where name = 'FetchAttachment'")
    assert await run_row(job["id"])
    assert (await shown(message_id))[0]["status"] == "refused"
    assert not await rows("select id from outbox where name = 'FetchAttachment'")
