"""The table of kinds: what is taken, by suffix and content together (U4–U8)."""

import io
import zipfile

import pytest
from PIL import Image

from server.errors import Invalid
from server.files import kinds

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
EXE = b"MZ\x90\0\x03\0\0\0" + b"\0" * 200


def picture(format_: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, format_)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


TAKEN = [
    ("a.png", picture("PNG"), "image/png"),
    ("a.JPG", picture("JPEG"), "image/jpeg"),
    ("a.gif", picture("GIF"), "image/gif"),
    ("a.webp", picture("WEBP"), "image/webp"),
    ("a.pdf", b"%PDF-1.7\n", "application/pdf"),
    ("a.docx", archive("word/document.xml"), kinds.KINDS["docx"].type),
    ("a.xlsx", archive("xl/workbook.xml"), kinds.KINDS["xlsx"].type),
    ("из 1С.xlsx", archive("[Content_Types].xml", "a", "b", "c", "d", "e"), kinds.KINDS["xlsx"].type),
    ("a.zip", archive("a.txt"), "application/zip"),
    ("a.xls", OLE, "application/vnd.ms-excel"),
    ("a.txt", "Привет".encode(), "text/plain"),
    ("a.csv", "сумма;1".encode("cp1251"), "text/csv"),
    ("a.xml", "<a>я</a>".encode("utf-16"), "application/xml"),
    ("page.txt", b"<html><script>alert(1)</script>", "text/plain"),
    ("a.log", b"BM 12:00 started", "text/plain"),
    ("a.sig", b"\x30\x82\x0c\x01", "application/pkcs7-signature"),
    ("отчёт.epf", b"\xff\xff\xff\x7f\0\0", "application/octet-stream"),
    ("passwd", b"root:x:0:0", "text/plain"),
    ("image", picture("PNG"), "image/png"),
]


@pytest.mark.parametrize(("name", "content", "type_"), TAKEN, ids=[n for n, _, _ in TAKEN])
def test_U4_what_is_taken_is_served_as_the_table_says(name: str, content: bytes, type_: str) -> None:
    assert kinds.served_type(name, content) == type_


REFUSED = [
    ("U8 a program", "setup.exe", EXE),
    ("U8 a program named as a picture", "photo.jpg", EXE),
    ("U8 a program without a suffix", "setup", EXE),
    ("U8 a program named as text", "readme.txt", EXE),
    ("U8 one picture named as another", "a.png", picture("GIF")),
    ("U8 a document named as a picture", "a.png", b"%PDF-1.7\n"),
    ("U5 SVG", "a.svg", b"<svg onload='x'/>"),
    ("U6 HTML", "a.html", b"<html>"),
    ("U6 MHTML", "a.mht", b"MIME-Version: 1.0"),
    ("U8 a script", "a.js", b"alert(1)"),
    ("U8 a shell script", "a.sh", b"#!/bin/sh\n"),
    ("unknown bytes", "data", b"\x01\x02\x03\x04"),
    ("text named as a table", "a.xlsx", b"text"),
]


@pytest.mark.parametrize(("name", "content"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_U8_what_is_not_in_the_table_or_not_what_it_says_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        kinds.served_type(name, content)
    assert set(refused.value.fields) == {"file"}


def test_nothing_that_a_browser_would_run_is_in_the_table() -> None:
    active = {"text/html", "application/xhtml+xml", "image/svg+xml", "text/javascript", "application/javascript"}
    assert not active & {kind.type for kind in kinds.KINDS.values()}
