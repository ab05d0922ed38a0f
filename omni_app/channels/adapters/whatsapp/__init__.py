"""WhatsApp through Meta's Cloud API.

In: `signature` proves a request, `splitting` takes it apart, `parsing` (with `content`, `statuses`, `news`, `wishes`) says what
an event means. Out: `sending`, `media`, `templates`, `formatting` through `graph`; `errors` is what Meta's codes mean; `checking`
tries a connection. `settings` holds the form, the guide and the capabilities.
"""

from omni_app.channels.adapters.whatsapp.adapter import WhatsApp

ADAPTER = WhatsApp()

__all__ = ["ADAPTER"]
