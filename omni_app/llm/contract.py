"""What a model is to the rest of Omni."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray


class Embedder(Protocol):
    """Turns sentences into unit vectors; alike sentences point alike. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Stored beside every vector: vectors of different names must never be compared."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 [len(texts), dimensions], in order. Blocks; takes any string, the empty one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMessage:
    """One turn of the conversation as the model sees it: the customer is "user", Omni and the team are "assistant"."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Everything one call sends. `max_output_tokens` is a promise the price of the worst case rests on."""

    system: str
    messages: tuple[PromptMessage, ...]
    max_output_tokens: int
    temperature: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A written answer and what it used; `text` may be empty (a filtered answer is billed as well).

    Tokens are those the provider bills, and the upper bounds when it does not say. `model` is the one that answered, which may
    be a dated version of the one asked for.
    """

    text: str
    model: str
    provider: str
    input_tokens: int
    output_tokens: int

    @property
    def units(self) -> dict[str, int]:
        """What is billed, as the price list counts it."""
        return {"input_token": self.input_tokens, "output_token": self.output_tokens}


@dataclass(frozen=True, slots=True)
class Written:
    """All pieces of an answer have come, this is their text; its bill is still to come."""

    text: str


class LanguageModel(Protocol):
    """Writes the next message of a conversation. Holds no state between calls and never retries by itself."""

    @property
    def name(self) -> str:
        """The model as the provider's price list calls it."""

    @property
    def provider(self) -> str: ...

    async def complete(self, prompt: Prompt) -> Completion:
        """Raise `Unavailable` when the same call may succeed later, `Rejected` when it never will.

        After `Unavailable` the provider may have worked, and bill, all the same (a time-out): only `Rejected` is surely free.
        """

    def stream(self, prompt: Prompt) -> AsyncGenerator[str | Written | Completion, None]:
        """The answer as it is written: pieces of text, `Written` when the provider says that this was all, and as the last item
        the `Completion` with the whole text and the bill.

        Raises like `complete`, at any item; a stream that ends without a `Completion` raises `Unavailable`. Close it
        (`contextlib.aclosing`) to stop the model early: what it wrote so far is billed all the same.
        """

    def count_input_tokens(self, prompt: Prompt) -> int:
        """An upper bound of the input tokens that `prompt` can be billed, for the reservation before the call."""
