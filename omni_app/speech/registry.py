"""Which transcriber listens, by the deployment's settings."""

from functools import lru_cache

from omni_app.settings import load_settings
from omni_app.speech.contract import Transcriber


def find_transcriber() -> Transcriber | None:
    """The configured one, or None without a provider's key or a model: voice notes then stay files."""
    settings = load_settings()
    key = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key is not None else ""
    if not key or not settings.transcription_model.strip():
        return None
    return _open_openai(
        key, settings.openai_base_url or None, settings.transcription_model.strip(), settings.model_timeout_seconds
    )


@lru_cache(maxsize=4)
def _open_openai(api_key: str, base_url: str | None, model: str, timeout_seconds: float) -> Transcriber:
    from omni_app.speech.providers.openai.transcriber import OpenAITranscriber

    return OpenAITranscriber(api_key=api_key, base_url=base_url, model=model, timeout_seconds=timeout_seconds)
