"""The files people attach in the demo, made on the spot: pictures, scans, sheets, texts. Alike at every start."""

import random
import zipfile
from collections.abc import Callable
from io import BytesIO
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from server.demo.story import Attachment, Picture, Plain, Scan, Sheet

Words = Callable[[str], str]
_PAPER, _INK, _PALE, _LINE = "#ffffff", "#30363d", "#c9ced6", "#e3e6ea"
_ALIKE = str.maketrans("АВЕКМНОРСТУХ·", "ABEKMHOPCTYX*")
_BAR, _BAD, _SUNK = "#f7d774", "#c8442f", "#f4f5f7"
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Лист1" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def made(paper: Attachment, words: Words) -> bytes:
    """The bytes of a file; `words` fills the dates in."""
    match paper:
        case Picture():
            return _png(_window(paper))
        case Scan():
            return _pdf(_page(paper))
        case Sheet():
            return _xlsx([[words(c) if isinstance(c, str) else c for c in row] for row in paper.rows])
        case Plain():
            return words(paper.text).encode()


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.quantize(32, method=Image.Quantize.FASTOCTREE).save(out, "PNG")
    return out.getvalue()


def _pdf(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PDF", resolution=96.0)
    return out.getvalue()


class _Pen:
    """Draws what a small picture can show: real numbers, and bars in place of words (no font with Russian letters
    comes with the libraries)."""

    def __init__(self, size: tuple[int, int], seed: str, background: str = _PAPER) -> None:
        self.image = Image.new("RGB", size, background)
        self.draw = ImageDraw.Draw(self.image)
        self.chance = random.Random(seed)

    def words(self, x: int, y: int, count: int, colour: str = _PALE, height: int = 9) -> int:
        """A line of so many words; gives where it ends."""
        for _ in range(count):
            width = self.chance.randint(18, 74)
            self.draw.rounded_rectangle((x, y, x + width, y + height), 3, fill=colour)
            x += width + 8
        return x

    def numbers(self, x: int, y: int, text: str) -> None:
        """What can be read of a row: figures, and letters that look Latin; a bar for any other word."""
        for part in text.translate(_ALIKE).split(" "):
            x = self.number(x, y, part + " ") if part.isascii() else self.words(x, y + 5, 1)

    def number(self, x: int, y: int, text: str, size: int = 17, colour: str = _INK) -> int:
        font = ImageFont.load_default(size)
        self.draw.text((x, y), text, font=font, fill=colour)
        return x + round(font.getlength(text))


def _window(paper: Picture) -> Image.Image:
    pen = _Pen((880, 520), paper.name, _SUNK)
    pen.draw.rectangle((0, 0, 880, 44), fill=_BAR)
    pen.words(18, 17, 4, "#a88a2a")
    pen.draw.rectangle((24, 64, 856, 500), fill=_PAPER, outline=_LINE)
    pen.words(44, 84, 5)
    for place in range(9):
        _row(pen, 124 + place * 40, paper.rows[place] if place < len(paper.rows) else None)
    if paper.error:
        _dialog(pen)
    return pen.image


def _row(pen: _Pen, y: int, numbers: str | None) -> None:
    pen.draw.line((24, y + 28, 856, y + 28), fill=_LINE)
    end = pen.words(44, y + 6, pen.chance.randint(2, 4))
    if numbers:
        pen.numbers(max(end + 16, 380), y, numbers)


def _dialog(pen: _Pen) -> None:
    pen.draw.rounded_rectangle((200, 226, 700, 404), 6, fill=_PAPER, outline=_PALE, width=2)
    pen.draw.ellipse((228, 262, 272, 306), fill=_BAD)
    pen.number(244, 270, "!", 28, _PAPER)
    for line in range(3):
        pen.words(296, 264 + line * 22, 4, "#7a828c")
    pen.draw.rounded_rectangle((580, 352, 676, 384), 4, fill=_BAR)
    pen.words(604, 364, 1, "#8a6f1c")


def _page(paper: Scan) -> Image.Image:
    pen = _Pen((794, 1123), paper.name)
    pen.words(420, 80, 3)
    pen.words(420, 104, 4)
    pen.words(240, 190, 3, "#7a828c", 13)
    for place, numbers in enumerate(paper.rows):
        pen.words(90, 250 + place * 34, 3)
        pen.numbers(420, 244 + place * 34, numbers)
    for line in range(18):
        pen.words(90, 420 + line * 26, pen.chance.randint(6, 9))
    pen.draw.ellipse((130, 930, 270, 1070), outline="#4a63b8", width=4)
    pen.words(430, 1000, 2)
    return pen.image.rotate(pen.chance.uniform(-0.8, 0.8), fillcolor=_PAPER)


def _xlsx(rows: list[list[str | int]]) -> bytes:
    body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{body}</sheetData></worksheet>"
    )
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + part)
    return out.getvalue()


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
