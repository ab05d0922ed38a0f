"""What a file is comes from its bytes; what it is called harms nobody."""

import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from omni_app.conversations.sniffing import EXTENSIONS, MEDIA_TYPES, clean_name, find_media_type, picture_size
from omni_app.infra.errors import Invalid


def picture(kind: str, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#0f4c5c").save(out, kind, **options)
    return out.getvalue()


def archive(*names: str, first: bytes | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        if first is not None:
            made.writestr("mimetype", first)
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


def _type_of(data: bytes, name: str = "x") -> str:
    return find_media_type(data, name)


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif")])
def test_pictures_are_known_with_their_size(kind: str, media_type: str) -> None:
    data = picture(kind, (321, 123))
    assert _type_of(data, "anything.exe") == media_type
    assert picture_size(data, media_type) == (321, 123)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0" + b"x" * 20}])
def test_all_three_kinds_of_webp_are_known(options: dict[str, object]) -> None:
    data = picture("WEBP", (321, 123), **options)
    assert _type_of(data) == "image/webp"
    assert picture_size(data, "image/webp") == (321, 123)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7\n...", "application/pdf"),
        (b"ID3\x04" + b"\0" * 20, "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + b"\0" * 20, "audio/mpeg"),
        (b"OggS" + b"\0" * 20, "audio/ogg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "video/mp4"),
        ("Überschrift;Preis\nKrone;1\n".encode(), "text/plain"),
        ("\ufeffname,price\n".encode(), "text/plain"),
        ("Grüße aus Köln, bis bald".encode("cp1252"), "text/plain"),
        (b"a < b and <3 too", "text/plain"),
        (archive("[Content_Types].xml", "word/document.xml"), MEDIA_TYPES[6]),
        (archive("[Content_Types].xml", "xl/workbook.xml"), MEDIA_TYPES[7]),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), MEDIA_TYPES[8]),
        (archive("content.xml", first=b"application/vnd.oasis.opendocument.text"), MEDIA_TYPES[9]),
    ],
)
def test_documents_and_sounds_are_known(data: bytes, media_type: str) -> None:
    assert _type_of(data) == media_type


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.txt"),
        (b"MZ\x90\0\x03\0\0\0", "setup.png"),
        (b"\x7fELF\x02\x01\x01\0", "a"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "logo.png"),
        (b"<?xml version='1.0'?><svg/>", "logo.txt"),
        (b"  \n<!-- hi --> <!DOCTYPE html><script>1</script>", "page.txt"),
        (b"\xef\xbb\xbf<html>", "page.txt"),
        (b"alert(1)", "run.js"),
        (b"echo 1", "RUN.BAT"),
        (b"text\x00text", "a.txt"),
        (b"\x1b]0;title\x07", "a.txt"),
        (archive("a.txt"), "files.zip"),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "macro.docx"),
        (archive("content.xml", first=b"application/epub+zip"), "book.odt"),
        (b"PK\x03\x04broken", "a.docx"),
        (b"\x1f\x8b\x08\0", "a.gz"),
        (b"Rar!\x1a\x07\0", "a.pdf"),
        (b"\x89PNG\r\n\x1a\n", "cut.png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "cut.jpg"),
        (b"GIF89a", "cut.gif"),
    ],
)
def test_what_may_not_be_sent_is_refused_in_words(data: bytes, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        _type_of(data, name)
    assert caught.value.fields[0].field == "file"


def test_a_picture_of_too_many_pixels_is_refused_by_its_header_alone() -> None:
    bomb = bytearray(picture("PNG"))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(Invalid, match="60,000"):
        _type_of(bytes(bomb))


def test_a_thumbnail_inside_a_jpeg_does_not_hide_its_size() -> None:
    small, large = picture("JPEG", (8, 8)), picture("JPEG", (900, 700))
    nested = large[:2] + b"\xff\xe1" + struct.pack(">H", len(small) + 2) + small + large[2:]
    assert picture_size(nested, "image/jpeg") == (900, 700)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_known_type_or_refused(data: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff", b"RIFF....WEBP", b"PK\x03\x04", b"GIF89a", b"\x89PNG\r\n\x1a\n"):
        with suppress(Invalid):
            assert _type_of(start + data) in MEDIA_TYPES


@pytest.mark.parametrize(
    ("name", "media_type", "clean"),
    [
        ("photo.PNG", "image/png", "photo.png"),
        ("photo.png.exe", "image/png", "photo.png"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\me\\price list.csv", "text/plain", "price list.csv"),
        ("invoice\u202egpj.exe", "application/pdf", "invoice gpj.pdf"),
        ("a\x00b\nc\x1b.pdf", "application/pdf", "a b c.pdf"),
        ("", "image/png", "file.png"),
        ("...", "image/png", "file.png"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ('a"b<c>|?*.txt', "text/plain", "a_b_c____.txt"),
        ("\ud800.png", "image/png", "_.png"),
        ("Version 2. Final draft", "application/pdf", "Version 2. Final draft.pdf"),
        ("x" * 500 + ".jpeg", "image/jpeg", "x" * 115 + ".jpeg"),
        ("Zoë’s röntgen.jpg", "image/jpeg", "Zoë’s röntgen.jpg"),
    ],
)
def test_names_are_made_harmless(name: str, media_type: str, clean: str) -> None:
    assert clean_name(name, media_type) == clean


@given(st.text(max_size=200), st.sampled_from(MEDIA_TYPES))
def test_any_name_becomes_a_short_plain_one(name: str, media_type: str) -> None:
    clean = clean_name(name, media_type)
    assert 3 <= len(clean) <= 120
    assert clean.rpartition(".")[2] in EXTENSIONS[media_type]
    assert not set('/\\<>:"|?*\n\r\x00') & set(clean)
    assert clean_name(clean, media_type) == clean
