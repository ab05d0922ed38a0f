"""What comes over a channel is kept as something that cannot act, or refused in words; nothing is unpacked to find out."""

import io
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.conversations.inspecting import UNKNOWN, clean_inbound_name, find_inbound_type
from omni_app.conversations.sniffing import find_media_type
from omni_app.infra.errors import Invalid
from tests.conversations.test_sniffing import archive, picture


def bomb(unpacked: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("zeros.txt", b"\0" * unpacked)
    return out.getvalue()


def crowded(entries: int, *, is_zip64: bool = False) -> bytes:
    """An archive that says it has so many empty entries, whose directory is zeros."""
    size = entries * 46
    small = (0xFFFF, 0xFFFFFFFF) if is_zip64 else (min(entries, 0xFFFF), size)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, small[0], small[0], small[1], 4, 0)
    if not is_zip64:
        return b"PK\x03\x04" + bytes(size) + end
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, 4)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 4 + size, 1)
    return b"PK\x03\x04" + bytes(size) + record + locator + end


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (picture("PNG"), "evil.exe", "image/png"),
        (b"%PDF-1.7\n...", "invoice", "application/pdf"),
        (b"Hello", "note.txt", "text/plain"),
        (b"<html><script>alert(1)</script></html>", "page.html", "text/plain"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "logo.svg", "text/plain"),
        (b"alert(1)", "run.js", "text/plain"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "invite.ics", "text/plain"),
        (archive("a.txt", "b/page.html"), "files.zip", "application/zip"),
        (archive("[Content_Types].xml", "word/document.xml"), "letter.docx", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "letter.DOC", "application/msword"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "letter.png", UNKNOWN),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "photo.heic", "image/heic"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0", "film.mov", "video/quicktime"),
        (b"\0\0\0\x18ftypzzzz\0\0\0\0", "film.mp4", "video/mp4"),
        (b"#!AMR\n" + b"\x3c\x00\xff\x91" * 10, "voice.amr", "audio/amr"),
        (bytes(range(256)) * 8, "strange.bin", UNKNOWN),
        (b"PK\x03\x04broken", "a.zip", UNKNOWN),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "cut.jpg", UNKNOWN),
    ],
)
def test_a_received_file_is_kept_as_what_it_is(data: bytes, name: str, media_type: str | None) -> None:
    found = find_inbound_type(data, name)
    assert found == (media_type or find_media_type(data, name))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"MZ\x90\0\x03\0\0\0", "program"),
        (b"\x7fELF\x02\x01\x01\0", "program"),
        (b"#!/bin/sh\nrm -rf /", "program"),
        (b"L\0\0\0\x01\x14\x02\0\0\0\0\0", "program"),
        (archive("invoice.pdf.exe"), "holds a program"),
        (archive("docs/run.LNK"), "holds a program"),
        (archive("META-INF/MANIFEST.MF", "A.class"), "program"),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "macros"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
        (bomb(5_000_000), "unpack"),
        (crowded(20_000), "too many"),
        (crowded(20_000, is_zip64=True), "too many"),
    ],
)
def test_what_could_harm_is_refused_and_says_why(data: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        find_inbound_type(data, "file.pdf")
    assert refused.value.fields[0].field == "file"


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    data = bytearray(picture("PNG"))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(Invalid, match="60,000"):
        find_inbound_type(bytes(data), "a.png")


def test_a_directory_of_half_a_million_entries_is_not_even_read() -> None:
    data = crowded(500_000)
    started = time.process_time()
    for find in (find_inbound_type, find_media_type):
        with pytest.raises(Invalid):
            find(data, "a.zip")
    assert time.process_time() - started < 2


def test_a_file_that_is_two_things_at_once_is_kept_as_the_one_its_head_says() -> None:
    """Whoever reads it gets this type with `nosniff`, so the other half never runs."""
    assert find_inbound_type(picture("GIF") + archive("a.html"), "both.zip") == "image/gif"
    assert find_inbound_type(b"GIF89a/*" + picture("GIF")[8:] + b"*/=1;alert(1)", "both.js") in ("image/gif", UNKNOWN)
    assert find_inbound_type(b"%PDF-1.4\n<html><script>1</script>", "both.html") == "application/pdf"


@pytest.mark.parametrize(
    ("name", "media_type", "clean"),
    [
        ("../../etc/passwd", UNKNOWN, "passwd.bin"),
        ("C:\\temp\\letter.doc", "application/msword", "letter.doc"),
        ("photo.png.exe", UNKNOWN, "photo.png.exe.bin"),
        ("evil\u202excod.exe", UNKNOWN, "evil xcod.exe.bin"),
        ("page.html", "text/plain", "page.txt"),
        ("invite.ics", "text/plain", "invite.ics"),
        ("backup.tar.gz", UNKNOWN, "backup.tar.gz"),
        ("", UNKNOWN, "file.bin"),
        (".htaccess", UNKNOWN, "file.htaccess"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("x" * 300 + ".zip", "application/zip", "x" * 116 + ".zip"),
    ],
)
def test_a_received_name_harms_nobody(name: str, media_type: str, clean: str) -> None:
    assert clean_inbound_name(name, media_type) == clean


@settings(max_examples=30)
@given(st.binary(max_size=200), st.text(max_size=40))
def test_no_bytes_and_no_name_break_it(data: bytes, name: str) -> None:
    for head in (b"", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0\0\0\x18ftyp", b"RIFF"):
        try:
            media_type = find_inbound_type(head + data, name)
        except Invalid:
            media_type = UNKNOWN
        clean = clean_inbound_name(name, media_type)
        assert clean
        assert len(clean) <= 130
        assert not set(clean) & set('/\\\0\r\n"')
