"""Files from the visitor: chosen, pasted or dropped, checked, uploaded, shown on a page that allows no image element."""

import io

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Locator, expect

from tests.e2e.widget.conftest import Visitor
from tests.harness.waiting import until
from tests.stubs.chat_stub import ChatStub

pytestmark = pytest.mark.e2e

# Makes a file inside the page and hands it to a paste or drop event, as the browser would.
GIVE = """(node, { kind, name, type }) => {
  const data = new DataTransfer();
  data.items.add(new File(["what was given"], name, { type }));
  const more = kind === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
  node.dispatchEvent(new Kind(kind, { bubbles: true, cancelable: true, composed: true, ...more }));
}"""
MIDDLE = "canvas => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (200, 30, 40)).save(out, "PNG")
    return out.getvalue()


def file(name: str = "notes.txt", kind: str = "text/plain", data: bytes = b"hello") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def picker(visitor: Visitor) -> Locator:
    return visitor.page.locator("input[type=file]")


async def test_a_picture_is_uploaded_sent_and_painted(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await picker(visitor).set_input_files(file("tooth.png", "image/png", picture()))
    tray = visitor.page.locator(".ow-tray")
    await expect(tray).to_contain_text("tooth.png")
    await expect(visitor.button("Send")).to_be_enabled()  # a file needs no words
    await visitor.button("Send").click()
    painted = visitor.mine.get_by_role("img", name="tooth.png")
    await expect(painted).to_be_visible()
    await until(lambda: painted.evaluate(f"node => String(({MIDDLE})(node)) === '200,30,40,255'"))
    box = await painted.bounding_box()
    assert box
    assert (round(box["width"]), round(box["height"])) == (220, 165)
    await expect(tray).to_be_hidden()
    (said,) = [frame for frame in stub.heard if frame["t"] == "say"]
    assert (said["text"], said["attachments"]) == ("", list(stub.files))
    assert stub.files[said["attachments"][0]][1] == picture()


async def test_a_file_of_the_team_can_be_opened_also_when_its_link_is_old(visitor: Visitor, stub: ChatStub) -> None:
    stub.files["file-9"] = {"id": "file-9", "name": "plan.txt", "media_type": "text/plain", "size": 5}, b"hello"
    await visitor.hold_the_clock()
    await visitor.open()
    await visitor.say("the plan?")
    await expect(visitor.theirs).to_have_count(2)
    await stub.assistant_says("Here it is.", attachments=[stub._linked("file-9")])
    chip = visitor.page.get_by_role("link", name="plan.txt")
    await expect(chip).to_contain_text("0.1 kB")
    await expect(chip).to_have_attribute("rel", "noopener noreferrer")
    stub.links.clear()
    await visitor.page.clock.fast_forward(250_000)
    async with visitor.page.context.expect_page() as opened:
        await chip.click()
    await expect((await opened.value).locator("body")).to_have_text("hello")
    await (await opened.value).close()


@pytest.mark.parametrize("kind", ["paste", "drop"])
async def test_files_can_be_pasted_and_dropped(visitor: Visitor, stub: ChatStub, kind: str) -> None:
    await visitor.open()
    await visitor.field.evaluate(GIVE, {"kind": kind, "name": "given.txt", "type": "text/plain"})
    await expect(visitor.page.locator(".ow-tray")).to_contain_text("given.txt")
    await visitor.field.fill("see this")
    await expect(visitor.button("Send")).to_be_enabled()
    await visitor.field.press("Enter")
    await expect(visitor.mine).to_contain_text("given.txt")
    assert [data for _, data in stub.files.values()] == [b"what was given"]


async def test_what_cannot_be_sent_is_said_before_anything_is_uploaded(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    long_name = "n" * 200 + ".exe"
    await picker(visitor).set_input_files(
        [file("huge.txt", data=b"x" * 1_000_001), file(long_name, "application/x-msdownload"), file("ok.txt")]
    )
    tray = visitor.page.locator(".ow-tray")
    await expect(tray).to_contain_text("huge.txt is larger than 1 MB.")
    await expect(tray).to_contain_text("this kind of file is not accepted")
    await expect(visitor.button("Send")).to_be_enabled()
    assert await tray.evaluate("node => node.scrollWidth <= node.clientWidth")
    await visitor.button("Remove: huge.txt").click()
    await visitor.button(f"Remove: {long_name}").click()
    await visitor.field.press("Enter")
    await expect(visitor.mine).to_contain_text("ok.txt")
    assert [view["name"] for view, _ in stub.files.values()] == ["ok.txt"]


async def test_more_than_five_files_are_too_many(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await picker(visitor).set_input_files([file(f"{n}.txt") for n in range(7)])
    await expect(visitor.page.locator(".ow-tray .ow-file")).to_have_count(5)
    await expect(visitor.page.locator(".ow-bar")).to_have_text("Up to 5 files at once.")


async def test_an_upload_shows_its_progress_and_can_be_taken_back(visitor: Visitor, stub: ChatStub) -> None:
    stub.is_upload_slow = True
    await visitor.open()
    await picker(visitor).set_input_files(file())
    await expect(visitor.page.get_by_role("progressbar", name="notes.txt")).to_be_attached()
    await visitor.field.fill("and words")
    await expect(visitor.button("Send")).to_be_disabled()
    await visitor.button("Remove: notes.txt").click()
    await expect(visitor.button("Send")).to_be_enabled()
    stub.may_upload.set()


async def test_a_failed_upload_says_so_and_is_tried_again(visitor: Visitor, stub: ChatStub) -> None:
    stub.refuse_upload = 503, {"message": "Files cannot be taken for a moment."}
    await visitor.open()
    await picker(visitor).set_input_files(file())
    await expect(visitor.page.locator(".ow-tray").get_by_role("alert")).to_have_text("Files cannot be taken for a moment.")
    stub.refuse_upload = None
    await visitor.button("Try again: notes.txt").click()
    await expect(visitor.button("Send")).to_be_enabled()
    await visitor.button("Send").click()
    await expect(visitor.mine).to_contain_text("notes.txt")


async def test_draft_and_uploaded_file_outlive_a_reload(visitor: Visitor, stub: ChatStub) -> None:
    await visitor.open()
    await visitor.field.fill("half a sent")
    await picker(visitor).set_input_files(file())
    await expect(visitor.page.locator(".ow-tray")).to_contain_text("notes.txt")
    await expect(visitor.button("Send")).to_be_enabled()
    await expect(visitor.page.locator("progress")).to_have_count(0)
    await visitor.page.reload()
    await expect(visitor.field).to_have_value("half a sent")
    await expect(visitor.page.locator(".ow-tray")).to_contain_text("notes.txt")
    await visitor.field.press("Enter")
    await expect(visitor.mine).to_contain_text("notes.txt")
    await visitor.page.reload()
    await expect(visitor.mine).to_contain_text("half a sent")
    await expect(visitor.field).to_have_value("")
    await expect(visitor.page.locator(".ow-tray")).to_be_hidden()
