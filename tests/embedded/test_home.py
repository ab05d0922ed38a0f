"""OMNI_HOME: one supervisor at a time, private files, sockets that fit."""

import base64
import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from embedded.home import LARGEST_LOG_BYTES, LONGEST_SOCKET_PATH, Home, HomeInUse, hand_over, open_way


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_a_second_lock_names_the_holder(home: Home) -> None:
    with home.lock(), pytest.raises(HomeInUse, match=rf"another Omni runs on .*home \(process {os.getpid()}\)"):
        home.lock()


def test_the_lock_is_free_again_after_its_holder(home: Home) -> None:
    home.lock().close()
    home.lock().close()


def test_the_master_key_is_made_once_and_private(home: Home) -> None:
    home.ensure_master_key()
    key = (home.path / "master.key").read_text()
    home.ensure_master_key()
    assert (home.path / "master.key").read_text() == key
    assert len(base64.b64decode(key)) == 32
    assert mode(home.path / "master.key") == 0o600


def test_only_the_owner_can_list_the_home(home: Home) -> None:
    assert mode(home.path) & 0o066 == 0
    assert mode(home.path / "logs") == 0o700


def test_sockets_lie_in_the_home_when_the_path_fits() -> None:
    with TemporaryDirectory(dir="/tmp") as folder:
        short = Home(Path(folder) / "home")
        short.prepare()
        assert short.sockets() == short.path / "run"
        short.remove_outside_sockets()
        assert (short.path / "run").exists()


def test_a_long_home_gets_a_short_socket_folder_of_its_own(tmp_path: Path) -> None:
    first, second = (Home(tmp_path / name / ("deep" * 25)) for name in ("a", "b"))
    for home in (first, second):
        home.prepare()
    folders = [first.sockets(), second.sockets()]
    try:
        assert folders[0] != folders[1]
        assert first.sockets() == folders[0]
        assert all(len(str(folder / "pg" / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH for folder in folders)
    finally:
        for home in (first, second):
            home.remove_outside_sockets()
    assert not any(folder.exists() for folder in folders)


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / ("deep" * 25))
    home.prepare()
    folder = home.sockets()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(PermissionError, match="belongs to someone else"):
            home.sockets()
    finally:
        folder.unlink()


def test_a_large_log_is_set_aside(home: Home) -> None:
    with home.log("web").open("wb") as file:
        file.truncate(LARGEST_LOG_BYTES + 1)
    assert not home.log("web").exists()
    assert (home.path / "logs" / "web.log.1").exists()


def test_the_way_is_opened_for_walking_only(tmp_path: Path) -> None:
    folder = tmp_path / "private" / "data"
    hand_over(folder, None)
    folder.parent.chmod(0o700)
    open_way(folder)
    assert mode(folder.parent) == 0o701
