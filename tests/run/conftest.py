"""One Omni for all tests of this folder: its start costs more than most of what they show with it.

It has a language model that streams slow answers (a stand-in that a test may tell how), and a provider simulator of its own.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.channel_soak import SETTINGS
from tests.run.omni import Omni
from tests.run.soak import slow_model
from tests.stubs.openai_stub import OpenAIStub


@pytest.fixture(scope="session")
def model_and_installation() -> Iterator[tuple[OpenAIStub, Omni]]:
    # Not in pytest's own folder: another pytest that starts closes that to the user of the database.
    folder = Path(tempfile.mkdtemp(prefix="omni-run-", dir="/tmp"))
    folder.chmod(0o711)
    # Longer than a socket's path may be, on purpose: the sockets must find a place of their own.
    home = folder / ("a-long-name-" * 8) / "home"
    made = Omni.at(home, API_CALLS_PER_HOUR="1000000", **SETTINGS)
    model = slow_model(made)
    yield model, made
    made.end()
    model.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def model(model_and_installation: tuple[OpenAIStub, Omni]) -> OpenAIStub:
    return model_and_installation[0]


@pytest.fixture(scope="session")
def installation(model_and_installation: tuple[OpenAIStub, Omni]) -> Omni:
    """It may be stopped."""
    return model_and_installation[1]


@pytest.fixture
def omni(installation: Omni) -> Omni:
    """It runs and is healthy."""
    installation.ensure_started()
    installation.wait_until_healthy()
    return installation
