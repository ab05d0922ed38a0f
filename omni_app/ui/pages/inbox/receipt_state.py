"""How one answer was made; read when somebody asks."""

import reflex as rx

from omni_app.orchestrator.receipts import load_receipt
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, parse_id, viewer_db
from omni_app.ui.pages.inbox.receipt_shapes import Receipt, receipt_of
from omni_app.ui.words import zone_of


class ReceiptState(ViewerState, rx.State):
    """`open_id` is the receipt on the screen, empty when none is."""

    open_id: str = ""
    receipt: Receipt = Receipt()

    @handler
    async def show(self, receipt_id: str, is_open: bool) -> None:
        if not is_open:
            self.open_id = ""
            return
        async with viewer_db(self) as db:
            view = await load_receipt(db, parse_id(receipt_id, "receipt"))
            zone = zone_of((await load_business(db)).timezone)
        self.receipt, self.open_id = receipt_of(view, zone), str(view.id)
