"""A voice note is written down once, paid from the budget, and its words become the message; without money it stays a file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from omni_app.budgets import load_budget, seed_prices, set_limit
from omni_app.channels.accounts import Account
from omni_app.channels.contract import InboundMedia
from omni_app.conversations.media import keep_media, listen
from omni_app.conversations.transcribing import transcribe_voice
from omni_app.infra.database import Db, open_db, system_db
from omni_app.infra.errors import Unavailable
from omni_app.speech.providers.openai.transcriber import OpenAITranscriber
from tests.conversations.desk import Desk, make_desk
from tests.conversations.test_media import make_account, say, shown
from tests.making import rows
from tests.speech.test_durations import opus
from tests.stubs.openai_stub import OpenAIStub, start_openai_stub

pytestmark = pytest.mark.usefixtures("database")

NOTE = opus(8, 16_000)
VOICE = InboundMedia(kind="audio", ref="voice-1", media_type="audio/ogg", is_voice=True)


@pytest.fixture(scope="module")
def stub() -> Iterator[OpenAIStub]:
    stub = start_openai_stub()
    yield stub
    stub.close()


@pytest.fixture
def transcriber(stub: OpenAIStub) -> OpenAITranscriber:
    stub.behave()
    stub.calls.clear()
    return OpenAITranscriber(api_key="sk-test", base_url=stub.base_url, model="whisper-1", timeout_seconds=60)


@dataclass
class Line:
    """A business with a channel that has one voice note for whoever asks."""

    desk: Desk
    account: Account
    gives: bytes | Exception = NOTE
    files: list[UUID] = field(default_factory=list)

    async def hear(self, transcriber: OpenAITranscriber | None, media: InboundMedia = VOICE) -> str:
        self.files = await keep_media(self.desk.system, self.account, [media])

        async def find(db: Db, connection_id: UUID) -> Account:
            return self.account

        return await listen(self.desk.system, self.account, [media], self.files, find_account=find, transcriber=transcriber)

    async def spent(self) -> list[dict[str, Any]]:
        return await rows("select service, channel, units, cost_nusd from ledger_entries")


@pytest.fixture
async def line() -> Line:
    async with system_db("test prices") as db:
        await seed_prices(db)
    desk = await make_desk()

    def give(_: InboundMedia) -> bytes:
        if isinstance(made.gives, Exception):
            raise made.gives
        return made.gives

    made = Line(desk, await make_account(desk.system, give))
    return made


async def test_a_voice_note_becomes_text_and_is_paid_by_the_minute(line: Line, transcriber: OpenAITranscriber) -> None:
    assert await line.hear(transcriber) == "What does a check-up cost?"
    assert await line.spent() == [
        {"service": "speech_to_text", "channel": "whatsapp", "units": {"minute": 1}, "cost_nusd": 6_000_000}
    ]
    (file,) = await shown(await say(line.desk, line.account, line.files))
    assert file["transcript"] == "What does a check-up cost?"
    assert file["name"] == "voice note.ogg"


async def test_the_same_note_is_paid_once_however_often_its_event_comes(
    line: Line, stub: OpenAIStub, transcriber: OpenAITranscriber
) -> None:
    first = await line.hear(transcriber)
    assert await transcribe_voice(line.desk.system, line.files[0], transcriber=transcriber) == first
    assert await line.hear(transcriber) == first
    assert stub.count == 1
    assert len(await line.spent()) == 1


async def test_what_the_provider_bills_is_booked(line: Line, stub: OpenAIStub, transcriber: OpenAITranscriber) -> None:
    stub.behave(heard_seconds=61.0)
    await line.hear(transcriber)
    assert (await line.spent())[0]["units"] == {"minute": 2}


async def test_without_money_a_provider_or_a_file_nothing_is_said_and_the_file_stays(
    line: Line, stub: OpenAIStub, transcriber: OpenAITranscriber
) -> None:
    assert await line.hear(None) == ""
    line.gives = Unavailable("The provider")
    assert await line.hear(transcriber) == ""
    line.gives = NOTE
    async with open_db(line.desk.system) as db:
        await set_limit(db, 1_000)
    assert await line.hear(transcriber) == ""
    assert stub.count == 0
    states = await rows("select status, transcript from attachments order by created_at, id")
    assert [row["status"] for row in states] == ["pending", "pending", "stored"]
    assert not any(row["transcript"] for row in states)


async def test_a_provider_that_fails_is_booked_as_it_may_have_worked(
    line: Line, stub: OpenAIStub, transcriber: OpenAITranscriber
) -> None:
    stub.behave(status=500)
    assert await line.hear(transcriber) == ""
    assert (await line.spent())[0]["cost_nusd"] == 6_000_000
    stub.behave(status=400)
    assert await transcribe_voice(line.desk.system, line.files[0], transcriber=transcriber) == ""
    assert len(await line.spent()) == 1
    async with open_db(line.desk.system) as db:
        assert (await load_budget(db)).reserved_nusd == 0


async def test_a_recording_of_an_hour_is_not_paid_for(line: Line, stub: OpenAIStub, transcriber: OpenAITranscriber) -> None:
    line.gives = opus(3600, 7_000_000)
    assert await line.hear(transcriber) == ""
    assert stub.count == 0


async def test_what_is_no_sound_is_not_listened_to(line: Line, stub: OpenAIStub, transcriber: OpenAITranscriber) -> None:
    line.gives = b"%PDF-1.7 not a sound"
    assert await line.hear(transcriber) == ""
    assert stub.count == 0
