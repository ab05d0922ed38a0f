"""Reports: note what is due, write one, queue its mails."""

from uuid import UUID

from omni_app.infra.log import get_logger
from omni_app.insights.jobs import SendReport
from omni_app.insights.report_sending import note_due_reports, send_report
from workers.registry import handles

log = get_logger(__name__)


@handles(SendReport)
async def write_report(business_id: UUID | None, job: SendReport) -> None:
    """A report that went out already is not written again."""
    assert business_id is not None
    await send_report(business_id, job.send_id)


async def ask_for_due_reports() -> None:
    """Enqueue one `SendReport` for each report whose hour has come where its business is."""
    if noted := await note_due_reports():
        log.info("reports given to the worker", count=noted)
