import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from omni_app.infra import clock
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.llm.contract import LanguageModel, Prompt, PromptMessage
from omni_app.llm.providers.openai.model import OpenAIModel, open_http
from tests.stubs.openai_stub import OpenAIStub, start_openai_stub

PROMPT = Prompt(
    system="Answer from the facts.",
    messages=(
        PromptMessage(role="user", text="Hello"),
        PromptMessage(role="assistant", text="Hi, how can I help?"),
        PromptMessage(role="user", text="What does a crown cost? 🦷"),
    ),
    max_output_tokens=77,
    temperature=0.2,
)


@pytest.fixture
def stub() -> Iterator[OpenAIStub]:
    stub = start_openai_stub()
    yield stub
    stub.close()


@pytest.fixture
async def model(stub: OpenAIStub) -> AsyncIterator[LanguageModel]:
    async with open_http(60.0) as http:
        yield OpenAIModel(api_key="sk-test", base_url=stub.base_url, model="gpt-4o-mini", timeout=timedelta(minutes=1), http=http)


async def test_sends_the_prompt_and_reads_the_bill(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.behave(usage=(123, 45))
    completion = await model.complete(PROMPT)
    assert completion.text == "Echo: What does a crown cost? 🦷"
    assert (completion.model, completion.provider) == ("gpt-4o-mini", "openai")
    assert (completion.input_tokens, completion.output_tokens) == (123, 45)
    [call] = stub.calls
    assert call.authorization == "Bearer sk-test"
    assert call.body["max_tokens"] == 77
    assert call.body["temperature"] == 0.2
    assert [message["role"] for message in call.body["messages"]] == ["system", "user", "assistant", "user"]


async def test_a_call_without_a_bill_counts_as_its_worst_case(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.behave(usage=None)
    completion = await model.complete(PROMPT)
    assert completion.input_tokens == model.count_input_tokens(PROMPT)
    assert completion.output_tokens == 77


async def test_an_empty_answer_still_has_a_bill(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.behave(text="  ", usage=(9, 1))
    completion = await model.complete(PROMPT)
    assert (completion.text, completion.input_tokens) == ("", 9)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
async def test_not_now_is_unavailable_and_never_retried(stub: OpenAIStub, model: LanguageModel, status: int) -> None:
    stub.behave(status=status, headers={"retry-after": "7"})
    with pytest.raises(Unavailable) as failure:
        await model.complete(PROMPT)
    assert failure.value.retry_after == timedelta(seconds=7)
    assert stub.count == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_is_rejected_without_the_providers_words(stub: OpenAIStub, model: LanguageModel, status: int) -> None:
    stub.behave(status=status)
    with pytest.raises(Rejected) as failure:
        await model.complete(PROMPT)
    assert str(status) in str(failure.value)
    assert "stub says" not in str(failure.value)
    assert stub.count == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("0", 0, 0), ("-5", 0, 0), ("999999999", 3600, 3600), ("date", 100, 121), ("soon", None, None), ("nan", None, None)],
)
async def test_any_retry_after_is_read_or_ignored(
    stub: OpenAIStub, model: LanguageModel, header: str, least: int | None, most: int | None
) -> None:
    value = format_datetime(clock.now() + timedelta(seconds=120), usegmt=False) if header == "date" else header
    stub.behave(status=429, headers={"retry-after": value})
    with pytest.raises(Unavailable) as failure:
        await model.complete(PROMPT)
    wait = failure.value.retry_after
    if least is None or most is None:
        assert wait is None
    else:
        assert wait is not None
        assert timedelta(seconds=least) <= wait <= timedelta(seconds=most)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>busy</html>", b"{}", b"[]", b'"hello"', b'{"choices": []}', b'{"choices": [{"index": 0}]}']
)
async def test_a_body_that_is_no_completion_is_unavailable(stub: OpenAIStub, model: LanguageModel, raw: bytes) -> None:
    stub.behave(raw=raw)
    with pytest.raises(Unavailable):
        await model.complete(PROMPT)


async def test_a_slow_answer_is_given_up(stub: OpenAIStub) -> None:
    release = threading.Event()
    stub.behave(hold=release)
    async with open_http(0.2) as http:
        model = OpenAIModel(
            api_key="sk-test", base_url=stub.base_url, model="gpt-4o-mini", timeout=timedelta(seconds=0.2), http=http
        )
        with pytest.raises(Unavailable):
            await model.complete(PROMPT)
    release.set()
    # Not asked a second time; on a busy machine the time may be over before it came the first time.
    assert stub.count <= 1


async def test_nobody_listening_is_unavailable(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.close()
    with pytest.raises(Unavailable):
        await model.complete(PROMPT)


async def test_many_at_once_each_get_their_own_answer(stub: OpenAIStub, model: LanguageModel) -> None:
    prompts = [
        Prompt(system="", messages=(PromptMessage(role="user", text=f"question {number}"),), max_output_tokens=5, temperature=0)
        for number in range(60)
    ]
    completions = await asyncio.gather(*(model.complete(prompt) for prompt in prompts))
    assert [completion.text for completion in completions] == [f"Echo: question {number}" for number in range(60)]


def test_worst_case_counts_bytes_not_characters(stub: OpenAIStub) -> None:
    model = OpenAIModel(api_key="k", base_url=stub.base_url, model="m", timeout=timedelta(seconds=1), http=open_http(1))
    prompt = Prompt(system="ab", messages=(PromptMessage(role="user", text="🦷"),), max_output_tokens=1, temperature=0)
    assert model.count_input_tokens(prompt) == (2 + 16) + (4 + 16)
