"""Names of files: harmless coming in (U1, U2), one well-formed header going out."""

import re

import pytest

from server.errors import Invalid
from server.files import names

CLEANED = [
    ("отчёт за ноябрь.pdf", "отчёт за ноябрь.pdf"),
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("/var/log/a.log", "a.log"),
    ("C:\\Users\\Анна\\снимок.png", "снимок.png"),
    ("..\\", "file"),
    ("...", "file"),
    ("con", "_con"),
    ("AUX.txt", "_AUX.txt"),
    ("console.txt", "console.txt"),
    (".htaccess", "htaccess"),
    ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie_ x=1.png"),
    ("счёт\u202egpj.exe", "счётgpj.exe"),
    ("a\0b.txt", "ab.txt"),
    ("a\u200b\ufeff.txt", "a.txt"),
    ('"><img src=x>.png', "___img src=x_.png"),
    ("a;b'c.png", "a;b'c.png"),
    ("и\u0306од.txt", "йод.txt"),
    ("a\ud800.txt", "a.txt"),
]


@pytest.mark.parametrize(("raw", "clean"), CLEANED)
def test_U1_U2_a_name_is_cleaned(raw: str, clean: str) -> None:
    assert names.clean(raw) == clean


@pytest.mark.parametrize("raw", ["", "  ", "\t"])
def test_U3_a_file_has_a_name(raw: str) -> None:
    with pytest.raises(Invalid):
        names.clean(raw)


def test_U2_a_long_name_keeps_its_suffix_and_fits_every_disk() -> None:
    name = names.clean("ж" * 300 + ".xlsx")
    assert name.endswith("ж.xlsx")
    assert len(name.encode()) <= 240
    assert len(names.clean("x" * 500).encode()) <= 240


@pytest.mark.parametrize("raw", [clean for _, clean in CLEANED] + ["100%.txt", "a\\b", 'quote".txt'])
def test_U2_the_header_is_one_line_of_plain_signs(raw: str) -> None:
    header = names.disposition(raw)
    assert header.isascii()
    assert re.fullmatch(r"attachment; filename=\"[\w .()\-]*\"; filename\*=UTF-8''[\w.~%\-]+", header, re.A)
