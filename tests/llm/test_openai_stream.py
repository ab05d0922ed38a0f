"""The streamed answer: pieces, the bill at the end, and every way a stream can break."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta

import pytest

from omni_app.infra.errors import Rejected, Unavailable
from omni_app.llm.contract import Completion, LanguageModel, Prompt, PromptMessage, Written
from omni_app.llm.providers.openai.model import OpenAIModel, open_http
from tests.stubs.openai_stub import OpenAIStub, start_openai_stub

PROMPT = Prompt(
    system="Answer from the facts.",
    messages=(PromptMessage(role="user", text="What does a crown cost? 🦷"),),
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


async def read(model: LanguageModel) -> tuple[list[str], Completion | None]:
    pieces, completion = [], None
    async with aclosing(model.stream(PROMPT)) as items:
        async for item in items:
            if isinstance(item, str):
                pieces.append(item)
            elif isinstance(item, Completion):
                completion = item
    return pieces, completion


async def test_pieces_come_in_order_and_the_bill_last(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.behave(pieces=("A crown ", "costs ", "$900. 🦷 "), usage=(123, 45))
    pieces, completion = await read(model)
    assert pieces == ["A crown ", "costs ", "$900. 🦷 "]
    assert completion == Completion(
        text="A crown costs $900. 🦷", model="gpt-4o-mini", provider="openai", input_tokens=123, output_tokens=45
    )
    [call] = stub.calls
    assert (call.body["stream"], call.body["stream_options"]) == (True, {"include_usage": True})
    assert (call.body["max_tokens"], call.body["temperature"]) == (77, 0.2)


async def test_a_piece_is_handed_on_before_the_next_is_written(stub: OpenAIStub, model: LanguageModel) -> None:
    go_on = threading.Event()
    stub.behave(pieces=("first", " second"), holds={1: go_on})
    async with aclosing(model.stream(PROMPT)) as items:
        assert await anext(items) == "first"
        go_on.set()
        assert await anext(items) == " second"


async def test_the_text_is_known_to_be_whole_before_its_bill_comes(stub: OpenAIStub, model: LanguageModel) -> None:
    bill = threading.Event()
    stub.behave(pieces=("first", " second "), holds={2: bill})
    async with aclosing(model.stream(PROMPT)) as items:
        assert [await anext(items) for _ in range(3)] == ["first", " second ", Written("first second")]
        bill.set()
        assert isinstance(await anext(items), Completion)


async def test_a_stream_without_a_bill_counts_as_its_worst_case(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.behave(usage=None)
    _, completion = await read(model)
    assert completion is not None
    assert (completion.input_tokens, completion.output_tokens) == (model.count_input_tokens(PROMPT), 77)


@pytest.mark.parametrize("how", [{"cut_after": 2}, {"cut_after": 0}, {"error_after": 2}, {"is_endless": True}])
async def test_a_stream_that_breaks_is_unavailable(stub: OpenAIStub, model: LanguageModel, how: dict[str, object]) -> None:
    stub.behave(text="one two three four", **how)
    with pytest.raises(Unavailable):
        await read(model)
    assert stub.count == 1


@pytest.mark.parametrize(("status", "error"), [(429, Unavailable), (500, Unavailable), (400, Rejected), (401, Rejected)])
async def test_a_refused_stream_raises_like_a_whole_answer(
    stub: OpenAIStub, model: LanguageModel, status: int, error: type[Exception]
) -> None:
    stub.behave(status=status)
    with pytest.raises(error):
        await read(model)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>busy</html>", b"{}", b"data: nonsense\n\n", b'data: {"choices": null}\n\n', b"data: 7\n\n"]
)
async def test_a_body_that_is_no_stream_is_unavailable(stub: OpenAIStub, model: LanguageModel, raw: bytes) -> None:
    stub.behave(raw=raw, headers={"content-type": "text/event-stream"})
    with pytest.raises(Unavailable):
        await read(model)


async def test_an_answer_that_drips_ends_with_the_time_out(stub: OpenAIStub) -> None:
    stub.behave(pieces=("x",) * 100, piece_seconds=0.05)
    async with open_http(5.0) as http:
        slow = OpenAIModel(
            api_key="sk-test", base_url=stub.base_url, model="gpt-4o-mini", timeout=timedelta(seconds=0.4), http=http
        )
        with pytest.raises(Unavailable):
            await read(slow)


async def test_closing_stops_the_stream(stub: OpenAIStub, model: LanguageModel) -> None:
    never = threading.Event()
    stub.behave(pieces=("one", " two"), holds={1: never})
    async with aclosing(model.stream(PROMPT)) as items:
        assert await anext(items) == "one"
    never.set()
    stub.behave(text="still fine")
    assert (await read(model))[0] == ["still", " fine"]


async def test_many_streams_at_once_keep_apart(stub: OpenAIStub, model: LanguageModel) -> None:
    stub.behave(piece_seconds=0.001)
    both = await asyncio.gather(*(read(model) for _ in range(40)))
    assert {"".join(pieces) for pieces, _ in both} == {"Echo: What does a crown cost? 🦷"}
