"""`python -m tools.browser`: make sure the browser tests have a Chromium, print which one, fail when none can be had.

Looked for in this order: OMNI_CHROMIUM, chromium / chromium-browser / google-chrome on PATH, Playwright's own. Else installed:
Playwright's download, then apt-get when we are root.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def starts(path: str) -> bool:
    """Whether the program at `path` runs here: a downloaded Chromium may lack system libraries."""
    try:
        done = subprocess.run([path, "--version"], check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def find_browser() -> str | None:
    """The path of a Chromium that starts, or None. A wrong OMNI_CHROMIUM is not silently replaced: it is returned as it is."""
    if named := os.environ.get("OMNI_CHROMIUM"):
        return named
    for name in NAMES:
        if (path := shutil.which(name)) and starts(path):
            return path
    downloaded = playwright_path()
    return downloaded if downloaded and Path(downloaded).exists() and starts(downloaded) else None


def playwright_path() -> str | None:
    """Where Playwright keeps its own Chromium, downloaded or not."""
    code = "from playwright.sync_api import sync_playwright as p\nwith p() as w: print(w.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout.strip() or None


def install_browser() -> None:
    """Try Playwright's download, then the system's packages as root. Success shows in `find_browser`."""
    print("No Chromium found, downloading one with Playwright …", flush=True)
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    if find_browser() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium with apt-get …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-q"], environment)
        _run(["apt-get", "install", "-y", "-q", "chromium"], environment)


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
    if done.returncode != 0:
        print("\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-5:]), flush=True)


def main() -> None:
    path = find_browser()
    if path is None:
        install_browser()
        path = find_browser()
    if path is None or not starts(path):
        found = f"{path} does not start" if path else "none could be found or installed"
        sys.exit(f"The browser tests need Chromium: {found}. Install chromium, or set OMNI_CHROMIUM to its path.")
    print(f"Browser: {path}", flush=True)


if __name__ == "__main__":
    main()
