"""How one answer was made; read when somebody asks."""

from uuid import UUID

import reflex as rx

from omni_app.cache.wrong import mark_wrong
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission
from omni_app.orchestrator.receipts import load_receipt
from omni_app.tenancy.businesses import load_business
from omni_app.ui.access import ViewerState, handler, parse_id, viewer_db
from omni_app.ui.pages.inbox.receipt_shapes import Receipt, receipt_of
from omni_app.ui.words import zone_of


class ReceiptState(ViewerState, rx.State):
    """`open_id` is the receipt on the screen, empty when none is. `may_mark`: this person may say that an answer is wrong."""

    open_id: str = ""
    receipt: Receipt = Receipt()
    may_mark: bool = False

    @handler
    async def show(self, receipt_id: str, is_open: bool) -> None:
        if not is_open:
            self.open_id = ""
            return
        async with viewer_db(self) as db:
            await self._read(db, parse_id(receipt_id, "receipt"))

    @handler
    async def mark_wrong(self) -> None:
        """The answer on the screen is wrong for its question: the cache never gives it there again."""
        async with viewer_db(self) as db:
            receipt_id = parse_id(self.open_id, "receipt")
            await mark_wrong(db, receipt_id)
            await self._read(db, receipt_id)

    async def _read(self, db: Db, receipt_id: UUID) -> None:
        view = await load_receipt(db, receipt_id)
        self.may_mark = Permission.REPLY in db.scope.permissions
        zone = zone_of((await load_business(db)).timezone)
        self.receipt, self.open_id = receipt_of(view, zone), str(view.id)
