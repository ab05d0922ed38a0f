"""The folder OMNI_HOME: its lock, its folders and their modes, the master key, the place of the sockets.

Layout: `pg/` and `redis/` data, `models/`, `logs/`, `run/` sockets, `master.key` (0600), `demo.json` (0600), `children.json`,
`supervisor.lock`.
"""

import base64
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# `sun_path` of a unix socket holds 107 bytes and a final zero; PostgreSQL adds its lock file beside it.
LONGEST_SOCKET_PATH = 100
DATABASE_USER = "pgserver"
LARGEST_LOG_BYTES = 10 * 1024 * 1024


class HomeInUse(Exception):
    """Another supervisor holds this OMNI_HOME."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged system user PostgreSQL runs as when we are root (PostgreSQL refuses to run as root)."""

    name: str
    uid: int
    gid: int


def database_account() -> Account | None:
    """The user to run PostgreSQL as: None when we are not root, else `pgserver` (made when missing), else `nobody`."""
    if os.geteuid() != 0:
        return None
    if (account := _find_account(DATABASE_USER)) is not None:
        return account
    for command in (
        ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", DATABASE_USER],
        ["adduser", "-S", "-H", "-D", DATABASE_USER],
    ):
        if shutil.which(command[0]):
            # Two first starts at once: the loser's command fails and finds the winner's user.
            subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL)
        if (account := _find_account(DATABASE_USER)) is not None:
            return account
    account = _find_account("nobody")
    if account is None:
        raise RuntimeError("PostgreSQL cannot run as root, and no unprivileged user could be made: run as another user")
    return account


def _find_account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def open_way(path: Path) -> None:
    """Let another user walk through the parents of `path` (o+x, never o+r): only needed and only done as root."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def hand_over(path: Path, account: Account | None, mode: int = 0o700) -> None:
    """Make the folder `path` with this mode and give it to `account` (None: leave it ours)."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if account is not None:
        os.chown(path, account.uid, account.gid)


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below OMNI_HOME, made with private modes."""

    path: Path

    def prepare(self) -> None:
        """Make the folders. As root OMNI_HOME itself is 0711: the database's user must walk through it, but not list it."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in ("logs", "models", "redis"):
            hand_over(self.path / folder, None)

    def lock(self) -> IO[str]:
        """Hold OMNI_HOME until the returned file is closed or the process ends, however it ends. Raises `HomeInUse`."""
        file = (self.path / "supervisor.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise HomeInUse(f"another Omni runs on {self.path}" + (f" (process {holder})" if holder else "")) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def sockets(self) -> Path:
        """The folder for sockets: OMNI_HOME/run, or a short one in the system's temporary folder when that path is too long.

        Raises PermissionError when the short folder exists and belongs to someone else.
        """
        mode = 0o711 if os.geteuid() == 0 else 0o700
        folder = self.path / "run"
        if len(os.fsencode(folder / "pg" / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
            name = f"omni-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]}"
            # The system's own folder, unless the variable TMPDIR names a longer one.
            folder = min((Path(tempfile.gettempdir()), Path("/tmp")), key=lambda parent: len(str(parent))) / name  # noqa: S108
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.lstat().st_uid != os.geteuid() or folder.is_symlink():
            raise PermissionError(f"{folder} belongs to someone else: remove it or choose a shorter OMNI_HOME")
        folder.chmod(mode)
        return folder

    def remove_outside_sockets(self) -> None:
        """Remove the socket folder when it lies outside OMNI_HOME."""
        folder = self.sockets()
        if folder.parent != self.path:
            shutil.rmtree(folder, ignore_errors=True)

    def ensure_master_key(self) -> None:
        """Make `master.key` (base64 of 32 random bytes, 0600) once; it is on disk before anything is encrypted with it."""
        target = self.path / "master.key"
        if target.exists():
            return
        new = self.path / "master.key.new"
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.rename(target)
        folder = os.open(self.path, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def log(self, name: str) -> Path:
        """The log file of one child, set aside as `<name>.log.1` when it has grown past 10 MB."""
        path = self.path / "logs" / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path
