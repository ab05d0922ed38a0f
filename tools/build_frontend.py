"""`python -m tools.build_frontend`: build the pages into `.web/build` when their sources changed; else return at once.

Everything the pages and their State classes come from is hashed: a bundle that disagrees with the server reloads itself for ever.
The stamp lies inside `.web/build`, so deleting `.web` rebuilds.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / ".web" / "build" / "omni-sources.sha256"
SOURCES = ("rxconfig.py", "requirements.txt", "omni_app/omni_app.py", "omni_app/ui", "assets", "reflex.lock")


def source_files() -> list[Path]:
    """Every file the bundle is made from, in a fixed order."""
    files: list[Path] = []
    for name in SOURCES:
        path = ROOT / name
        files += [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
    return sorted(path for path in files if "__pycache__" not in path.parts and "external" not in path.parts)


def source_hash() -> str:
    """A hash over names and bytes of `source_files`."""
    digest = hashlib.sha256()
    for path in source_files():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the bundle was made from the sources as they are."""
    try:
        return STAMP.read_text() == source_hash()
    except OSError:
        return False


def build() -> None:
    """Run Reflex's export. Exits with its last words when it fails."""
    STAMP.unlink(missing_ok=True)
    wanted = source_hash()
    environment = {name: value for name, value in os.environ.items() if "REFLEX" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        check=False,
        cwd=ROOT,
        env={**environment, "NO_COLOR": "1", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0 or not (STAMP.parent / "client" / "index.html").exists():
        sys.exit("The pages could not be built:\n" + "\n".join(done.stdout.splitlines()[-40:]))
    STAMP.write_text(wanted)


def main() -> None:
    if is_current():
        return
    # A lock on this file: two builds at once would write into one another, and no other file has to be made for it.
    lock = os.open(__file__, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if is_current():
        return
    print("Building the pages …", flush=True)
    began = time.monotonic()
    build()
    print(f"Pages built in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
