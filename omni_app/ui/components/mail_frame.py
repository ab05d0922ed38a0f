"""A mail as its reader would see it, in a frame that may do nothing. No state in here."""

import reflex as rx

from omni_app.ui.components.basics import Text


def mail_frame(html: Text, title: Text, key: Text) -> rx.Component:
    """`html` (made by `notices.letters.showable`) without scripts, forms or anything loaded; its links open in a new tab.

    `key` must change with the mail: a frame whose content changes adds a step to the browser's history, a new one does not.
    """
    return rx.el.iframe(
        src_doc=html,
        sandbox="allow-popups allow-popups-to-escape-sandbox",
        referrer_policy="no-referrer",
        title=title,
        key=key,
        style={"display": "block", "width": "100%", "height": "70dvh", "minHeight": "360px", "border": "0"},
    )
