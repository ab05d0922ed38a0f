"""Composition root of the web process: pages, REST app and lifespan, nothing else."""

import reflex as rx

from omni_app.api.app import create_api
from omni_app.api.lifespan import lifespan
from omni_app.api.middleware import Edge
from omni_app.ui import gate, live, shell, theme
from omni_app.ui.components import toaster


class WebApp(rx.App):
    """Reflex with our own outermost layer: headers, limits and request ids hold for pages and API alike."""

    def __call__(self):
        return Edge(super().__call__())

    def _setup_state(self):
        super()._setup_state()
        gate.stand_before(self)


app = WebApp(
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head_components(),
    toaster=toaster(),
    html_lang="en",
    api_transformer=create_api(),
    frontend_exception_handler=gate.note_page_error,
)
# The shell shows a lost connection itself: Reflex's own overlay would say it a second time.
app.app_wraps.pop((5, "Overlay"), None)
shell.add_pages(app)
app.register_lifespan_task(lifespan)
app.register_lifespan_task(live.pump)
