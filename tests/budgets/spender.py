"""`python -m tests.budgets.spender BUSINESS_ID HOW_MANY`: processes that make paid calls until somebody kills them.

Each call of each process is a line with the process's id.
"""

import asyncio
import os
import random
import sys
from uuid import UUID, uuid5

from omni_app.budgets import release, reserve, settle
from omni_app.infra.scope import Scope, system_scope
from tests.budgets.businesses import ticks

AT_ONCE = 4


async def spend(scope: Scope) -> None:
    customers = [uuid5(scope.business_id, name) for name in ("Ann", "Bob")]
    while True:
        reservation = await reserve(scope, ticks(random.randint(1, 5), customer_id=random.choice(customers)))
        if random.random() < 0.2:
            await release(scope, reservation)
        else:
            await settle(scope, reservation, {"call": random.randint(0, 5)})
        # In one write: the spenders share the pipe, and half a line beside half of another reads as a third process.
        os.write(sys.stdout.fileno(), f"{os.getpid()}\n".encode())


async def spend_for_ever(scope: Scope) -> None:
    random.seed()
    await asyncio.gather(*(spend(scope) for _ in range(AT_ONCE)))


def main() -> None:
    # Forked before anything is opened: what takes long is importing, and that is done once.
    for _ in range(int(sys.argv[2])):
        if os.fork() == 0:
            asyncio.run(spend_for_ever(system_scope(UUID(sys.argv[1]))))
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
