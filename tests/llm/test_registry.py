from collections.abc import Iterator

import pytest

from omni_app.llm.contract import Prompt, PromptMessage
from omni_app.llm.registry import find_language_model
from omni_app.settings import load_settings
from tests.stubs.openai_stub import start_openai_stub


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    load_settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    load_settings.cache_clear()


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_there_is_no_model(environment: pytest.MonkeyPatch, key: str | None) -> None:
    if key is not None:
        environment.setenv("OPENAI_API_KEY", key)
    assert find_language_model() is None


async def test_with_a_key_the_configured_model_answers(environment: pytest.MonkeyPatch) -> None:
    stub = start_openai_stub()
    environment.setenv("OPENAI_API_KEY", "sk-test")
    environment.setenv("OPENAI_BASE_URL", stub.base_url)
    environment.setenv("OPENAI_MODEL", "house-model")
    model = find_language_model()
    assert model is not None
    assert find_language_model() is model
    assert (model.name, model.provider) == ("house-model", "openai")
    prompt = Prompt(system="", messages=(PromptMessage(role="user", text="hi"),), max_output_tokens=5, temperature=0)
    assert (await model.complete(prompt)).text == "Echo: hi"
    stub.close()
