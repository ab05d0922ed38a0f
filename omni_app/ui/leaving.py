"""The question before unsaved changes are lost: it stands once, in the shell, for every form marked by `components.leaving`.

`omni.js` holds back the click on a link and presses the hidden button; whoever leaves all the same is taken where they wanted to.
A form that comes up again begins with what is stored, so nothing has to be forgotten here.
"""

from typing import Any

import reflex as rx

from omni_app.ui.access import ViewerState, handler
from omni_app.ui.components import confirm


class LeavingState(ViewerState, rx.State):
    asks: bool = False

    @handler
    async def ask(self) -> None:
        self.asks = True

    @handler
    async def stay(self, _open: bool = False) -> None:
        self.asks = False

    @handler
    async def leave(self) -> Any:
        self.asks = False
        yield
        yield rx.call_script("window.omni && omni.leave()")


def leave_question() -> rx.Component:
    return rx.fragment(
        rx.el.button(id="ask-leave", type="button", hidden=True, on_click=LeavingState.ask),
        confirm(
            LeavingState.asks,
            "Leave without saving?",
            "What you changed on this page is not saved.",
            keep="Keep editing",
            act="Discard changes",
            on_keep=LeavingState.stay,
            on_act=LeavingState.leave,
        ),
    )
