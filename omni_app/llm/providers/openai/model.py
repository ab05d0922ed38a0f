"""Chat completions over the `openai` SDK (https://platform.openai.com/docs/api-reference/chat/create)."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx2
import openai
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam

from omni_app.infra import clock
from omni_app.infra.errors import Rejected, Unavailable
from omni_app.llm.contract import Completion, Prompt, Written

# Role, separators and the start of the reply: OpenAI counts three or four a message, other servers a few more.
TOKENS_AROUND_A_MESSAGE = 16
LONGEST_WAIT = timedelta(hours=1)
# Answers that say "not now"; every other 4xx says "not like this".
_LATER = frozenset({408, 409, 425, 429})


def open_http(timeout_seconds: float) -> httpx2.AsyncClient:
    """A client for one process and loop; callers beyond 200 at once queue for a connection."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds)),
        limits=httpx2.Limits(max_connections=200, max_keepalive_connections=20),
    )


class OpenAIModel:
    """The `LanguageModel` contract over one account and one model name."""

    provider = "openai"

    def __init__(self, *, api_key: str, base_url: str | None, model: str, timeout: timedelta, http: httpx2.AsyncClient) -> None:
        self.name = model
        self._timeout = timeout
        # No retries below us: every attempt is reserved and settled by the caller.
        self._client = openai.AsyncOpenAI(
            api_key=api_key, base_url=base_url, max_retries=0, timeout=http.timeout, http_client=http
        )
        # OpenAI's newer models refuse `max_tokens`; many compatible servers know nothing else and would write without end.
        self._limit_name = "max_completion_tokens" if base_url is None else "max_tokens"

    async def complete(self, prompt: Prompt) -> Completion:
        """One answer within the time-out; see `LanguageModel.complete`."""
        try:
            # The client's own time-out counts from byte to byte; this one ends an answer that drips.
            async with asyncio.timeout(self._timeout.total_seconds()):
                answer = await self._client.chat.completions.create(
                    model=self.name, messages=(), temperature=prompt.temperature, extra_body=self._body(prompt)
                )
        except openai.APIStatusError as error:
            raise _translate(error) from error
        # APIError: connection lost or refused, the SDK's time-out, an unreadable body. ValueError: a body that is not JSON.
        except (TimeoutError, openai.APIError, ValueError) as error:
            raise Unavailable("The language model") from error
        return self._completion(prompt, answer)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Written | Completion, None]:
        """One answer piece by piece, the whole of it within the time-out; see `LanguageModel.stream`."""
        deadline = asyncio.get_running_loop().time() + self._timeout.total_seconds()
        pieces: list[str] = []
        name, usage, is_finished = self.name, None, False
        chunks: openai.AsyncStream[ChatCompletionChunk] | None = None
        try:
            async with asyncio.timeout_at(deadline):
                chunks = await self._client.chat.completions.create(
                    model=self.name,
                    messages=(),
                    temperature=prompt.temperature,
                    stream=True,
                    stream_options={"include_usage": True},
                    extra_body=self._body(prompt),
                )
            while True:
                # One time-out around the loop would strike the caller, who works between two pieces.
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                if not isinstance(chunk, ChatCompletionChunk):
                    raise Unavailable("The language model")
                name, usage = chunk.model or name, chunk.usage or usage
                for choice in chunk.choices or ():
                    if choice.delta is not None and choice.delta.content:
                        pieces.append(choice.delta.content)
                        yield choice.delta.content
                    if choice.finish_reason is not None and not is_finished:
                        is_finished = True
                        yield Written("".join(pieces).strip())
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            # Refused, so not billed. Some servers know no streaming: then the whole answer is one piece.
            completion = await self.complete(prompt)
            yield completion.text
            yield completion
            return
        except openai.APIStatusError as error:
            raise _translate(error) from error
        # HTTPError: the SDK lets a connection that is lost between two pieces through as it is.
        except (TimeoutError, openai.APIError, httpx2.HTTPError, ValueError) as error:
            raise Unavailable("The language model") from error
        finally:
            if chunks is not None:
                await chunks.close()
        if not is_finished:
            raise Unavailable("The language model")
        yield self._billed(prompt, "".join(pieces), name, usage)

    def count_input_tokens(self, prompt: Prompt) -> int:
        """Bytes of all texts in UTF-8 plus 16 a message.

        Never too low for the byte-level BPE these models use: each token covers at least one byte of the text.
        """
        texts = [prompt.system, *(message.text for message in prompt.messages)]
        return sum(len(text.encode("utf-8", "replace")) + TOKENS_AROUND_A_MESSAGE for text in texts)

    def _body(self, prompt: Prompt) -> dict[str, object]:
        """What goes into the request as it is. The SDK would walk through `messages`, key by key, in search of names to change:
        most of a millisecond for a conversation, and it would find none."""
        return {"messages": _messages(prompt), self._limit_name: prompt.max_output_tokens}

    def _completion(self, prompt: Prompt, answer: ChatCompletion) -> Completion:
        # The SDK builds its objects without checking them, so a compatible server may leave out anything.
        if not isinstance(answer, ChatCompletion) or not answer.choices or answer.choices[0].message is None:
            raise Unavailable("The language model")
        return self._billed(prompt, answer.choices[0].message.content or "", answer.model, answer.usage)

    def _billed(self, prompt: Prompt, text: str, name: str, usage: CompletionUsage | None) -> Completion:
        billed_input = usage.prompt_tokens if usage else None
        billed_output = usage.completion_tokens if usage else None
        return Completion(
            text=text.strip(),
            model=name or self.name,
            provider=self.provider,
            input_tokens=self.count_input_tokens(prompt) if billed_input is None else billed_input,
            output_tokens=prompt.max_output_tokens if billed_output is None else billed_output,
        )


def _messages(prompt: Prompt) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": prompt.system}]
    for message in prompt.messages:
        if message.role == "user":
            messages.append({"role": "user", "content": message.text})
        else:
            messages.append({"role": "assistant", "content": message.text})
    return messages


def _translate(error: openai.APIStatusError) -> Unavailable | Rejected:
    if error.status_code in _LATER or error.status_code >= 500:
        return Unavailable("The language model", _retry_after(error.response.headers.get("retry-after")))
    # The provider's own words may repeat the prompt or part of the key: only its status goes on.
    return Rejected(f"The language model refused the request ({error.status_code}).")


def _retry_after(header: str | None) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110 §10.2.3); None when absent or unreadable."""
    if header is None:
        return None
    try:
        wait = timedelta(seconds=float(header))
    except (ValueError, OverflowError):
        try:
            wait = parsedate_to_datetime(header) - clock.now()
        except (ValueError, TypeError):
            return None
    return min(max(wait, timedelta()), LONGEST_WAIT)
