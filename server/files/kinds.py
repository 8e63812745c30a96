"""Which files may be attached: the one table of suffixes, what their content must look like, the type served. Pure."""

from dataclasses import dataclass

import filetype

from server.errors import Invalid

HEAD = 64 * 1024

TEXT, ZIP, OLE, DER, V8 = "text", "application/zip", "ole", "der", "1c"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class FileKind:
    """A kind of file by its suffix: the type it is served as and what its first bytes must be recognised as."""

    type: str
    looks_like: frozenset[str]


def _kind(type_: str, *looks_like: str) -> FileKind:
    return FileKind(type_, frozenset(looks_like or (type_,)))


# HTML, SVG and programs are missing on purpose: what can act in a browser or on a desk is not for passing around.
KINDS: dict[str, FileKind] = {
    "jpg": _kind("image/jpeg"),
    "jpeg": _kind("image/jpeg"),
    "png": _kind("image/png", "image/png", "image/apng"),
    "gif": _kind("image/gif"),
    "webp": _kind("image/webp"),
    "bmp": _kind("image/bmp"),
    "tif": _kind("image/tiff"),
    "tiff": _kind("image/tiff"),
    "heic": _kind("image/heic"),
    "pdf": _kind("application/pdf"),
    "rtf": _kind("application/rtf"),
    "docx": _kind(f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}wordprocessingml.document", ZIP),
    "xlsx": _kind(f"{_OFFICE}spreadsheetml.sheet", f"{_OFFICE}spreadsheetml.sheet", ZIP),
    "pptx": _kind(f"{_OFFICE}presentationml.presentation", f"{_OFFICE}presentationml.presentation", ZIP),
    "odt": _kind(f"{_OPEN}text", f"{_OPEN}text", ZIP),
    "ods": _kind(f"{_OPEN}spreadsheet", f"{_OPEN}spreadsheet", ZIP),
    "odp": _kind(f"{_OPEN}presentation", f"{_OPEN}presentation", ZIP),
    "doc": _kind("application/msword", OLE),
    "xls": _kind("application/vnd.ms-excel", OLE),
    "ppt": _kind("application/vnd.ms-powerpoint", OLE),
    "msg": _kind("application/vnd.ms-outlook", OLE),
    "txt": _kind("text/plain", TEXT),
    "log": _kind("text/plain", TEXT),
    "md": _kind("text/markdown", TEXT),
    "csv": _kind("text/csv", TEXT),
    "json": _kind("application/json", TEXT),
    "xml": _kind("application/xml", TEXT),
    "eml": _kind("message/rfc822", TEXT),
    "zip": _kind(ZIP),
    "rar": _kind("application/vnd.rar", "application/x-rar-compressed"),
    "7z": _kind("application/x-7z-compressed"),
    "mp3": _kind("audio/mpeg"),
    "ogg": _kind("audio/ogg"),
    "m4a": _kind("audio/mp4", "audio/mp4", "video/mp4"),
    "wav": _kind("audio/wav", "audio/x-wav"),
    "mp4": _kind("video/mp4", "video/mp4", "video/x-m4v", "video/quicktime"),
    "mov": _kind("video/quicktime", "video/quicktime", "video/mp4"),
    "webm": _kind("video/webm", "video/webm", "video/x-matroska"),
    "sig": _kind("application/pkcs7-signature", DER, TEXT),
    "sgn": _kind("application/pkcs7-signature", DER, TEXT),
    "p7s": _kind("application/pkcs7-signature", DER, TEXT),
    "cer": _kind("application/pkix-cert", DER, TEXT),
    "epf": _kind("application/octet-stream", V8),
    "erf": _kind("application/octet-stream", V8),
    "cf": _kind("application/octet-stream", V8),
    "cfe": _kind("application/octet-stream", V8),
    "mxl": _kind("application/octet-stream", V8),
    "dt": _kind("application/octet-stream", V8),
}
PREVIEWED = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff"})

# What the library has no name for; 1C: an external report or configuration, a printed form, a dumped database.
_SIGNS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\xff\xff\xff\x7f", V8),
    (b"MOXCEL", V8),
    (b"1CIBDmpF", V8),
    (b"\x30\x80", DER),
    (b"\x30\x82", DER),
    (b"\x30\x83", DER),
)
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\r\f\x1b")


def recognise(head: bytes) -> str:
    """What the first bytes of a file say that it is; empty when nothing is known."""
    for sign, name in _SIGNS:
        if head.startswith(sign):
            return name
    return filetype.guess_mime(head) or (TEXT if is_text(head) else "")


def is_text(head: bytes) -> bool:
    """Whether it reads as text in UTF-8, UTF-16 or a one-byte code page: no control characters."""
    return head.startswith(_BOMS) or not _CONTROLS & set(head)


def served_type(name: str, head: bytes) -> str:
    """The type this file will be served as; `Invalid` when the table has no such kind or the content is another's."""
    stem, dot, suffix = name.rpartition(".")
    suffix = suffix.lower() if dot and stem else ""
    if not suffix:
        return _without_suffix(head)
    kind = KINDS.get(suffix)
    if kind is None:
        raise Invalid(
            {"file": "Файлы .%(suffix)s не принимаем. Подойдут документы, таблицы, картинки, архивы и текст."},
            values={"suffix": suffix},
        )
    if not (TEXT in kind.looks_like and is_text(head)) and recognise(head) not in kind.looks_like:
        raise Invalid(
            {"file": "Содержимое не соответствует расширению .%(suffix)s: проверьте, тот ли это файл"},
            values={"suffix": suffix},
        )
    return kind.type


def _without_suffix(head: bytes) -> str:
    found = "text" if is_text(head) else recognise(head)
    types = [kind.type for kind in KINDS.values() if found in kind.looks_like]
    if found in types:
        return found
    if found == TEXT:
        return "text/plain"
    raise Invalid({"file": "Непонятно, что это за файл: добавьте в название расширение"})
