"""Which language model answers, by the deployment's settings."""

from datetime import timedelta
from functools import lru_cache

from omni_app.llm.contract import LanguageModel
from omni_app.settings import load_settings


def find_language_model() -> LanguageModel | None:
    """The configured model, or None when no provider key is set and Omni answers from its FAQs alone."""
    settings = load_settings()
    if settings.openai_api_key is None or not settings.openai_api_key.get_secret_value().strip():
        return None
    return _open_openai(
        settings.openai_api_key.get_secret_value().strip(),
        settings.openai_base_url or None,
        settings.openai_model,
        settings.model_timeout_seconds,
    )


@lru_cache(maxsize=4)
def _open_openai(api_key: str, base_url: str | None, model: str, timeout_seconds: float) -> LanguageModel:
    # The SDK takes most of a second to import: a deployment without a key never pays it.
    from omni_app.llm.providers.openai.model import OpenAIModel, open_http

    return OpenAIModel(
        api_key=api_key,
        base_url=base_url,
        model=model,
        timeout=timedelta(seconds=timeout_seconds),
        http=open_http(timeout_seconds),
    )
