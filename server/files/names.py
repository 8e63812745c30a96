"""File names: made harmless when they come in, well formed when they go out (RFC 6266, RFC 8187). Pure."""

import re
import unicodedata
from urllib.parse import quote

from server.errors import Invalid

LONGEST = 240  # bytes; file systems stop at 255
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.I)
_FOR_SHELLS = re.compile(r'[<>:"|?*]')
# Bidi marks turn «gpj.exe» round, control characters break headers, unpaired surrogates can't be stored.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(raw: str) -> str:
    """A name that is safe on every desk: no path, no unseen characters, not too long. `Invalid` when there was none."""
    if not raw.strip():
        raise Invalid({"file": "У файла нет названия"})
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", raw))[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in _UNSEEN)
    name = " ".join(_FOR_SHELLS.sub("_", name).split()).strip(" .")
    if not name:
        return "file"
    return _cut(f"_{name}" if _RESERVED.match(name) else name)


def _cut(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = name, "", ""
    room = LONGEST - len(f"{dot}{suffix}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + dot + suffix


def disposition(name: str) -> str:
    """`Content-Disposition` that makes every browser save the file under this name and none open it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "replace").decode()
    plain = re.sub(r'[^\w .()\-]|["\\%]', "_", plain, flags=re.A)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
