"""`python -m omni_app.knowledge.reading [NAME]`: a file on standard input, what is in it as JSON on standard output.

This process reads what a stranger wrote. It holds no secret, may not reach the network, start programs or write files, and
ends when it has used its time or its memory.
"""

import json
import resource
import sys
from typing import Any

from omni_app.knowledge.reading.bounds import MAX_BYTES, MEMORY, SECONDS

_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "os.fork",
    "ctypes.dlopen",
    "ftplib.",
    "urllib.",
)


def main() -> None:
    """Read, cut, print {"kind", "text", "pages", "passages": [[heading, start, end, page]]} or {"problem"}."""
    # Before the limits: what is imported later would meet them.
    from omni_app.knowledge.cutting import read_and_cut
    from omni_app.knowledge.reading import Unreadable, choosing  # noqa: F401

    _limit()
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    answer: dict[str, Any]
    try:
        read = read_and_cut(data, name)
        passages = [[one.heading, one.start, one.end, one.page] for one in read.passages]
        answer = {"kind": read.kind, "text": read.text, "pages": read.pages, "passages": passages}
    except Unreadable as error:
        answer = {"problem": str(error)}
    except (MemoryError, RecursionError):
        answer = {"problem": "This file needs more memory to read than a document may. Split it into smaller ones."}
    sys.stdout.write(json.dumps(answer))


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def watch(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(event)

    sys.addaudithook(watch)


if __name__ == "__main__":
    main()
