"""What is known of a network address: ranges of hosting firms, VPNs and attackers, read from files.

A line is `range kind note`; `#` starts a comment. A small sample is shipped (`lists/sample.txt`); an operator puts longer lists
into `OMNI_HOME/address-lists/*.txt`. A changed folder is read again beside the requests. A bad line is reported with its file and
number and left out; the rest of its file counts.
"""

import asyncio
import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from omni_app.infra.background import start_task
from omni_app.infra.log import get_logger
from omni_app.settings import load_settings

log = get_logger(__name__)

KINDS = ("hosting", "vpn", "tor", "abuse")
SHIPPED = Path(__file__).parent / "lists"
LOOK_EVERY_SECONDS = 10.0
# A list of a whole continent is 20 MB; what is larger was put there by mistake.
MOST_BYTES = 50_000_000
SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Mark:
    """What a list says of an address. `kind`: hosting, vpn, tor or abuse; `source` is the file's name."""

    kind: str
    note: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A line that was left out, or a file that could not be read (`line` 0)."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Range:
    first: int
    last: int
    mark: Mark


class _Steps:
    """Ranges cut into steps that do not overlap, so that one binary search finds the narrowest."""

    def __init__(self, ranges: Iterable[_Range]) -> None:
        self._starts: list[int] = []
        self._marks: list[Mark | None] = []
        open_ones: list[_Range] = []
        # Networks nest or stand apart, they never cross: a stack holds those that are open.
        for one in sorted(ranges, key=lambda item: (item.first, -item.last)):
            self._close(open_ones, one.first)
            open_ones.append(one)
            self._step(one.first, one.mark)
        self._close(open_ones, None)

    def _close(self, open_ones: list[_Range], before: int | None) -> None:
        while open_ones and (before is None or open_ones[-1].last < before):
            ended = open_ones.pop()
            self._step(ended.last + 1, open_ones[-1].mark if open_ones else None)

    def _step(self, start: int, mark: Mark | None) -> None:
        if self._starts and self._starts[-1] == start:
            self._marks[-1] = mark
        else:
            self._starts.append(start)
            self._marks.append(mark)

    def find(self, address: int) -> Mark | None:
        place = bisect_right(self._starts, address) - 1
        return self._marks[place] if place >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """All lists as they were read. `count` is the number of ranges."""

    v4: _Steps
    v6: _Steps
    count: int
    files: tuple[str, ...]
    problems: tuple[Problem, ...]

    def find(self, address: str | None) -> Mark | None:
        """The mark of the narrowest range around an address (or the first one of a network like 2001:db8::/64)."""
        try:
            found = ipaddress.ip_address((address or "").partition("/")[0].partition("%")[0].strip())
        except ValueError:
            return None
        if isinstance(found, ipaddress.IPv6Address):
            if found.ipv4_mapped is None:
                return self.v6.find(int(found))
            found = found.ipv4_mapped
        return self.v4.find(int(found))


def read_lists(folders: Sequence[Path]) -> Loaded:
    """Read every `*.txt` of the folders; one that is not there is empty. Never raises for what stands in them."""
    v4: list[_Range] = []
    v6: list[_Range] = []
    problems: list[Problem] = []
    files = [path for folder in folders for path in sorted(folder.glob("*.txt"))]
    for path in files:
        try:
            if path.stat().st_size > MOST_BYTES:
                raise OSError(f"larger than {MOST_BYTES // 10**6} MB")
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            problems.append(Problem(file=path.name, line=0, reason=str(error)))
            continue
        for number, line in enumerate(lines, start=1):
            try:
                found = _read_line(line, path.stem)
            except ValueError as error:
                problems.append(Problem(file=path.name, line=number, reason=str(error)[:200]))
                continue
            if found is not None:
                (v6 if found[0] else v4).append(found[1])
    for problem in problems[:SHOWN_PROBLEMS]:
        log.warning("address list line left out", file=problem.file, line=problem.line, reason=problem.reason)
    return Loaded(
        v4=_Steps(v4),
        v6=_Steps(v6),
        count=len(v4) + len(v6),
        files=tuple(path.name for path in files),
        problems=tuple(problems[:SHOWN_PROBLEMS]),
    )


def _read_line(line: str, source: str) -> tuple[bool, _Range] | None:
    words = line.partition("#")[0].split(maxsplit=2)
    if not words:
        return None
    network = ipaddress.ip_network(words[0], strict=False)
    if network.prefixlen < 3:
        raise ValueError(f"{words[0]} is half the internet")
    kind = words[1].lower() if len(words) > 1 else "hosting"
    if kind not in KINDS:
        raise ValueError(f"the kind {kind[:40]!r} is none of {', '.join(KINDS)}")
    mark = Mark(kind, words[2].strip()[:200] if len(words) > 2 else "", source)
    first = int(network.network_address)
    return network.version == 6, _Range(first, int(network.broadcast_address), mark)


class AddressLists:
    """The lists of some folders, kept fresh. A look-up never waits for a file but the very first one."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._loaded: Loaded | None = None
        self._state: tuple[tuple[str, int, int], ...] = ()
        self._looked_at = 0.0
        self._is_looking = False

    def find(self, address: str | None) -> Mark | None:
        """What the lists say of `address`; None for none, for an unknown and for an unreadable one."""
        return self.loaded().find(address)

    def loaded(self) -> Loaded:
        """What was read last; a look at the folders is started beside the caller when the last one is ten seconds old."""
        if self._loaded is None:
            self.refresh()
        elif monotonic() - self._looked_at > LOOK_EVERY_SECONDS and not self._is_looking:
            self._is_looking = True
            try:
                start_task(asyncio.to_thread(self.refresh), "address lists")
            except RuntimeError:  # no loop runs here: a script may wait for the disk
                self.refresh()
        assert self._loaded is not None
        return self._loaded

    def refresh(self) -> None:
        """Read the files again if one came, went or changed."""
        try:
            state = tuple(self._stat())
            if self._loaded is None or state != self._state:
                self._loaded, self._state = read_lists(self._folders), state
        finally:
            self._looked_at, self._is_looking = monotonic(), False

    def _stat(self) -> Iterable[tuple[str, int, int]]:
        for folder in self._folders:
            for path in sorted(folder.glob("*.txt")):
                try:
                    found = path.stat()
                except OSError:
                    continue
                yield str(path), found.st_mtime_ns, found.st_size


_lists: AddressLists | None = None


def address_lists() -> AddressLists:
    """The lists of this deployment: the sample and those of the operator."""
    global _lists
    if _lists is None:
        _lists = AddressLists((SHIPPED, load_settings().home / "address-lists"))
    return _lists
