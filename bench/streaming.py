"""`python -m bench.streaming`: what Omni adds to a streamed model answer.

A visitor's widget asks over its WebSocket; measured is the time from the question to the first words on the socket, to the whole
text, and to the recorded message, everything included: identify, gate, store, cache, knowledge, embed, match, prompt, reserve,
stream, live notes, record, settle.
Beside it the bare call with the `openai` SDK to the same local server, one after the other, with a prompt of the same size.
Forty visitors ask about three questions each, so that conversations have the length they have in life.
"""

import asyncio
import itertools
import json
import multiprocessing
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx2
import openai
import psycopg
import websockets
from websockets.asyncio.client import ClientConnection

from bench.running import Omni, running_omni
from bench.turn import new_wordings, percentiles
from tests.stubs.openai_stub import start_openai_stub

WIDGETS = 40
WARM_UP = 12
ROUNDS = 120
PIECES = 24
PIECE_SECONDS = 0.008
LIMIT_MS = 25
MODEL = "gpt-4o-mini"
ANSWER_SECONDS = 20
_ANSWER = "A check-up takes about half an hour and costs one hundred and eighty-nine dollars and you can book it online any time"


def _serve(connection: Connection) -> None:
    stub = start_openai_stub()
    words = _ANSWER.split(" ")
    pieces = tuple(f"{words[place % len(words)]} " for place in range(PIECES))
    stub.behave(pieces=pieces, piece_seconds=PIECE_SECONDS, usage=(900, PIECES))
    connection.send(stub.base_url)
    connection.recv()


@contextmanager
def running_stub() -> Iterator[str]:
    """The model server in a process of its own, so that it takes no time from whoever measures."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(5)


class Widget:
    """One open widget."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def ask(self, text: str) -> tuple[float, float, float] | None:
        """Seconds to the first words, to the whole text, and to the recorded message; None when it went to a person instead."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._ask(text)

    async def _ask(self, text: str) -> tuple[float, float, float] | None:
        started = perf_counter()
        await self._socket.send(json.dumps({"t": "say", "id": str(uuid4()), "text": text}))
        first: float | None = None
        shown, shown_at = "", 0.0
        while True:
            frame: dict[str, Any] = json.loads(await self._socket.recv())
            if frame["t"] == "error":
                raise RuntimeError(frame["message"])
            if frame["t"] == "delta" and frame["text"]:
                shown, shown_at = frame["text"], perf_counter() - started
                first = shown_at if first is None else first
            if frame["t"] == "state" and frame["conversation"]["speaker"] == "human":
                return None
            if frame["t"] == "message" and frame["message"]["role"] == "assistant":
                recorded = perf_counter() - started
                whole = shown_at if shown == frame["message"]["text"] else recorded
                return (whole if first is None else first), whole, recorded


async def ask_bare(client: openai.AsyncOpenAI, prompt: str, question: str) -> tuple[float, float]:
    started = perf_counter()
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": prompt}, {"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},
    )
    first: float | None = None
    async for chunk in stream:
        if first is None and chunk.choices and chunk.choices[0].delta.content:
            first = perf_counter() - started
    whole = perf_counter() - started
    return (whole if first is None else first), whole


async def measure(omni: Omni, base_url: str) -> dict[str, list[float]]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    wordings = iter(new_wordings())
    prompt = "You answer from these facts. " + "Q: What does it cost?\nA: It costs one hundred dollars.\n" * 30
    address = f"{omni.url.replace('http', 'ws', 1)}/chat/ws?business={omni.widget_key}"
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=30))
        client = openai.AsyncOpenAI(api_key="sk-bench", base_url=base_url, max_retries=0, http_client=http)

        async def open_widget() -> Widget:
            socket = await stack.enter_async_context(websockets.connect(address))
            await socket.send(json.dumps({"t": "hello", "session": None, "seen": 0}))
            while json.loads(await socket.recv())["t"] != "welcome":
                pass
            return Widget(socket)

        widgets = [await open_widget() for _ in range(WIDGETS)]
        for number, place in zip(range(WARM_UP + ROUNDS), itertools.cycle(range(WIDGETS)), strict=False):
            question = next(wordings)
            bare = await ask_bare(client, prompt, question)
            ours = await widgets[place].ask(question)
            if ours is None:
                widgets[place] = await open_widget()
            elif number >= WARM_UP:
                for kind, took in (("bare call", bare), ("widget", ours)):
                    for what, seconds in zip(("first words", "whole answer", "recorded message"), took, strict=False):
                        times[f"{kind}, {what}"].append(seconds)
    return times


def p95(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[int(len(ordered) * 0.95)] * 1000


def report(times: dict[str, list[float]]) -> None:
    print(f"{'what':<28}{'p50 ms':>9}{'p95 ms':>9}{'p50 more':>12}{'p95 more':>12}")
    for kind in ("first words", "whole answer"):
        bare, ours = times[f"bare call, {kind}"], times[f"widget, {kind}"]
        print(f"{'bare call, ' + kind:<28}{percentiles(bare)[0]:>9.1f}{p95(bare):>9.1f}")
        more = percentiles(ours)[0] - percentiles(bare)[0]
        line = f"{'widget, ' + kind:<28}{percentiles(ours)[0]:>9.1f}{p95(ours):>9.1f}{more:>9.1f} ms"
        print(f"{line}{p95(ours) - p95(bare):>9.1f} ms  (≤ {LIMIT_MS} ms p50)")
    recorded = times["widget, recorded message"]
    print(f"{'widget, recorded message':<28}{percentiles(recorded)[0]:>9.1f}{p95(recorded):>9.1f}")


def ask_the_model_each_time(omni: Omni) -> None:
    """Wordings of one question would soon be answered from the cache: that is another bench."""
    with psycopg.connect(omni.database_address, autocommit=True) as connection:
        connection.execute("update businesses set cache_rules = cache_rules || '{\"is_on\": false}'")


def main() -> None:
    with running_stub() as base_url:
        settings = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": base_url, "OPENAI_MODEL": MODEL}
        with running_omni(**settings) as omni:
            ask_the_model_each_time(omni)
            report(asyncio.run(measure(omni, base_url)))


if __name__ == "__main__":
    main()
