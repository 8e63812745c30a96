"""Small pictures of pictures, drawn anew: nothing but pixels comes through (no scripts, no GPS)."""

import asyncio
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

BOX = (1280, 1280)
MOST_PIXELS = 250_000_000  # more than any camera; a bomb says so in its header and is refused there
DRAWN_PIXELS = 40_000_000  # what may be decoded into memory; JPEG is shrunk while it is decoded
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_FAULTS = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, MemoryError, Warning)

# Our own limits are checked before anything is decoded; Pillow's would warn of an honest 100-megapixel photo.
Image.MAX_IMAGE_PIXELS = None
_one_at_a_time = asyncio.Semaphore(1)


async def dimensions(path: Path) -> tuple[int, int] | None:
    """Width and height as the header says; None when it is no picture that can be read."""
    return await asyncio.to_thread(_dimensions, path)


def _dimensions(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return image.size
    except _FAULTS:
        return None


async def draw(data: bytes) -> bytes | None:
    """A WebP of at most `BOX`, the right way up; None for what can't be drawn."""
    async with _one_at_a_time:
        return await asyncio.to_thread(_draw, data)


def _draw(data: bytes) -> bytes | None:
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            image.draft("RGB", BOX)
            if image.width * image.height > DRAWN_PIXELS:
                return None
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail(BOX)
            out = BytesIO()
            upright.convert("RGBA" if upright.has_transparency_data else "RGB").save(out, "WEBP", quality=80)
            return out.getvalue()
    except _FAULTS:
        return None
