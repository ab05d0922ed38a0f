"""Transcriptions over the OpenAI protocol (https://platform.openai.com/docs/api-reference/audio/createTranscription)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2

from omni_app.infra.errors import Rejected, Unavailable
from omni_app.speech.contract import Transcript

ADDRESS = "https://api.openai.com/v1"
# The server tells formats apart by the file's ending.
ENDINGS = {
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "audio/flac": "flac",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
_LATER = frozenset((408, 409, 425, 429))
_WHAT = "Speech recognition"


class OpenAITranscriber:
    """The `Transcriber` contract over one account and one model name.

    The address is the operator's own, so no guard stands before it; each call has a connection of its own: voice notes are rare.
    """

    provider = "openai"

    def __init__(self, *, api_key: str, base_url: str | None, model: str, timeout_seconds: float) -> None:
        self.name = model
        self._url = (base_url or ADDRESS).rstrip("/") + "/audio/transcriptions"
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._seconds = timeout_seconds

    async def transcribe(self, data: bytes, media_type: str) -> Transcript:
        """One sound of a type in `ENDINGS`; see `Transcriber.transcribe`."""
        ending = ENDINGS.get(media_type)
        if ending is None:
            raise Rejected("Sounds of this type cannot be written down.")
        try:
            async with asyncio.timeout(self._seconds), httpx2.AsyncClient(timeout=self._seconds) as http:
                answer = await http.post(
                    self._url,
                    headers=self._headers,
                    data={"model": self.name, "response_format": "json"},
                    files={"file": (f"voice.{ending}", data, media_type)},
                )
        except (TimeoutError, httpx2.HTTPError) as error:
            raise Unavailable(_WHAT) from error
        if answer.status_code in _LATER or answer.status_code >= 500:
            raise Unavailable(_WHAT, _wait(answer.headers.get("retry-after", "")))
        if answer.status_code >= 300:
            # The provider's own words may repeat part of the key: only its status goes on.
            raise Rejected(f"{_WHAT} refused this sound ({answer.status_code}).")
        return _read(answer)


def _wait(value: str) -> timedelta | None:
    return timedelta(seconds=min(int(value), 3600)) if value.isascii() and value.isdigit() and len(value) < 9 else None


def _read(answer: httpx2.Response) -> Transcript:
    try:
        body: Any = answer.json()
    except ValueError as error:
        raise Unavailable(_WHAT) from error
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        raise Unavailable(_WHAT)
    usage = body.get("usage")
    told = usage.get("seconds") if isinstance(usage, dict) else body.get("duration")
    seconds = float(told) if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < 10**6 else None
    return Transcript(text=body["text"].strip(), seconds=seconds, language=str(body.get("language") or ""))
