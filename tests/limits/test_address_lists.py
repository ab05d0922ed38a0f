"""Address ranges from files: the narrowest counts, bad lines are told and harm nothing, changes are seen."""

import ipaddress
import os
import random
from pathlib import Path

import pytest

from omni_app.limits.address_lists import SHIPPED, AddressLists, read_lists


def write(folder: Path, text: str, name: str = "mine.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_sample_is_read_whole() -> None:
    loaded = read_lists([SHIPPED])
    assert loaded.problems == ()
    assert loaded.count > 10
    assert loaded.find("192.0.2.9").kind == "hosting"  # type: ignore[union-attr]
    assert loaded.find("2001:db8:bad::1").kind == "hosting"  # type: ignore[union-attr]
    assert loaded.find("34.81.2.3").note == "Google Cloud"  # type: ignore[union-attr]


@pytest.mark.parametrize("address", [None, "", "unknown", "testclient", "127.0.0.1", "8.8.8.8", "::1", "999.1.1.1", "192.0.3.0"])
def test_addresses_of_no_list_have_no_mark(address: str | None) -> None:
    assert read_lists([SHIPPED]).find(address) is None


def test_the_narrowest_range_counts_and_the_wider_goes_on_behind_it(tmp_path: Path) -> None:
    write(tmp_path, "10.0.0.0/8 hosting wide\n10.1.0.0/16 vpn middle\n10.1.2.0/24 abuse narrow\n")
    loaded = read_lists([tmp_path])
    found = [loaded.find(one).note for one in ("10.0.0.1", "10.1.0.1", "10.1.2.3", "10.1.3.0", "10.2.0.0")]  # type: ignore[union-attr]
    assert found == ["wide", "middle", "narrow", "middle", "wide"]
    assert loaded.find("11.0.0.0") is None


def test_a_network_and_a_mapped_address_are_looked_up_as_what_they_stand_for(tmp_path: Path) -> None:
    write(tmp_path, "203.0.113.0/24 tor\n2001:db8:1::/48 vpn\n")
    loaded = read_lists([tmp_path])
    assert loaded.find("::ffff:203.0.113.7").kind == "tor"  # type: ignore[union-attr]
    assert loaded.find("2001:db8:1:2::/64").kind == "vpn"  # type: ignore[union-attr]
    assert loaded.find("fe80::1%eth0") is None


def test_bad_lines_are_reported_with_their_number_and_the_rest_counts(tmp_path: Path) -> None:
    text = "# a list\n10.0.0.0/8 hosting\nnonsense\n10.0.0.0/99 vpn\n10.9.0.0/16 teapot\n0.0.0.0/0 abuse\n\n192.0.2.1 tor\n"
    write(tmp_path, text)
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe\x00garbage\n10.10.0.0/16 vpn\n")
    (tmp_path / "ignored.csv").write_text("10.0.0.0/8 hosting")
    loaded = read_lists([tmp_path, tmp_path / "not-there"])
    assert loaded.find("10.5.0.0").kind == "hosting"  # type: ignore[union-attr]
    assert loaded.find("192.0.2.1").kind == "tor"  # type: ignore[union-attr]
    assert loaded.find("10.10.1.1").kind == "vpn"  # type: ignore[union-attr]
    assert [one.line for one in loaded.problems if one.file == "mine.txt"] == [3, 4, 5, 6]
    assert "teapot" in loaded.problems[-2].reason


def test_look_up_agrees_with_a_walk_over_all_ranges(tmp_path: Path) -> None:
    chance = random.Random(7)
    ranges = [ipaddress.ip_network((chance.getrandbits(32), chance.randint(4, 28)), strict=False) for _ in range(300)]
    ranges = list(dict.fromkeys(ranges))
    write(tmp_path, "\n".join(f"{one} hosting {one}" for one in ranges))
    loaded = read_lists([tmp_path])
    edges = [address for one in ranges for address in (one.network_address, one.broadcast_address)]
    edges += [ipaddress.IPv4Address((int(one.broadcast_address) + 1) % 2**32) for one in ranges]
    for address in [*edges, *(ipaddress.IPv4Address(chance.getrandbits(32)) for _ in range(300))]:
        around = max((one for one in ranges if address in one), key=lambda one: one.prefixlen, default=None)
        found = loaded.find(str(address))
        assert (found.note if found else None) == (str(around) if around else None)


def test_a_changed_folder_is_read_again(tmp_path: Path) -> None:
    lists = AddressLists([tmp_path])
    assert lists.find("10.0.0.1") is None
    path = write(tmp_path, "10.0.0.0/8 hosting\n")
    lists.refresh()
    assert lists.find("10.0.0.1") is not None
    path.write_text("11.0.0.0/8 hosting\n")
    os.utime(path, ns=(1, 1))
    lists.refresh()
    assert (lists.find("10.0.0.1"), lists.find("11.0.0.1").kind) == (None, "hosting")  # type: ignore[union-attr]
    path.unlink()
    lists.refresh()
    assert lists.find("11.0.0.1") is None
