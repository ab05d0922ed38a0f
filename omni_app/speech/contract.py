"""What speech recognition is to the rest of Omni."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said. `seconds` are those the provider bills, None when it does not say; `language` as it names it, or ""."""

    text: str
    seconds: float | None = None
    language: str = ""


class Transcriber(Protocol):
    """Writes down what a sound says. Holds no state between calls and never retries by itself."""

    @property
    def name(self) -> str:
        """The model as the provider's price list calls it."""

    @property
    def provider(self) -> str: ...

    async def transcribe(self, data: bytes, media_type: str) -> Transcript:
        """Raise `Unavailable` when the same call may succeed later (it may be billed all the same), `Rejected` when never."""
