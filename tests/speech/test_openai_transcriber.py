"""Speech recognition over real HTTP: what is sent, what is read, and what each failure means."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from omni_app.infra.errors import Rejected, Unavailable
from omni_app.speech.providers.openai.transcriber import OpenAITranscriber
from tests.stubs.openai_stub import OpenAIStub, start_openai_stub


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


async def test_the_sound_goes_out_under_a_name_the_server_understands(stub: OpenAIStub, transcriber: OpenAITranscriber) -> None:
    stub.behave(text=" Do you open on Sunday? ", heard_seconds=3.5)
    heard = await transcriber.transcribe(b"OggS" + bytes(40), "audio/ogg")
    assert (heard.text, heard.seconds) == ("Do you open on Sunday?", 3.5)
    (call,) = stub.calls
    assert call.authorization == "Bearer sk-test"
    assert call.body["model"] == "whisper-1"
    assert call.body["file"] == {"name": "voice.ogg", "media_type": "audio/ogg", "size": 44}


async def test_a_server_that_does_not_say_what_it_bills_is_taken_at_its_word(transcriber: OpenAITranscriber) -> None:
    assert (await transcriber.transcribe(b"x", "audio/wav")).seconds is None


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'{"text": 5}', b'"text"', b"{}"])
async def test_an_answer_that_is_none_may_come_right_later(stub: OpenAIStub, transcriber: OpenAITranscriber, raw: bytes) -> None:
    stub.behave(raw=raw)
    with pytest.raises(Unavailable):
        await transcriber.transcribe(b"x", "audio/ogg")


@pytest.mark.parametrize(
    ("status", "error"), [(500, Unavailable), (503, Unavailable), (429, Unavailable), (400, Rejected), (401, Rejected)]
)
async def test_each_status_says_whether_to_try_again(
    stub: OpenAIStub, transcriber: OpenAITranscriber, status: int, error: type[Exception]
) -> None:
    stub.behave(status=status, headers={"retry-after": "7"})
    with pytest.raises(error) as caught:
        await transcriber.transcribe(b"x", "audio/ogg")
    assert "sk-test" not in str(caught.value)
    if isinstance(caught.value, Unavailable):
        assert caught.value.retry_after == timedelta(seconds=7)


async def test_a_type_the_server_does_not_know_is_not_sent(stub: OpenAIStub, transcriber: OpenAITranscriber) -> None:
    with pytest.raises(Rejected):
        await transcriber.transcribe(b"x", "audio/amr")
    assert stub.count == 0


async def test_a_server_that_is_away_or_slow_is_unavailable(stub: OpenAIStub) -> None:
    stub.behave(seconds=0.5)
    slow = OpenAITranscriber(api_key="k", base_url=stub.base_url, model="whisper-1", timeout_seconds=0.1)
    away = OpenAITranscriber(api_key="k", base_url="http://127.0.0.1:9/v1", model="whisper-1", timeout_seconds=5)
    for one in (slow, away):
        with pytest.raises(Unavailable):
            await one.transcribe(b"x", "audio/ogg")
