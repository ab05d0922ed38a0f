"""The three processes find each other."""

from typing import Any

import httpx

from tests.harness.processes import Processes
from tests.harness.waiting import until


async def test_health_sees_worker_and_scheduler(web_server: str, worker_process: object, scheduler_process: object) -> None:
    async def parts() -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False) as client:
            found: dict[str, Any] = (await client.get(f"{web_server}/health", timeout=10)).json()["parts"]
        return found

    async def are_up() -> bool:
        found = await parts()
        return (found["worker"]["status"], found["scheduler"]["status"]) == ("up", "up")

    assert await until(are_up, 60.0)


def test_what_another_test_took_has_ended(web_server: str, processes: Processes) -> None:
    assert processes.running == {"web"}
