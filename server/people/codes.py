"""SMS codes: made, recognised, sealed. The only importer of pyotp. Limits and tables are in `entering`.

A code is six digits of HOTP over a fresh secret that is thrown away at once; never TOTP over a lasting secret, which
would accept a replay and need a secret at rest. Two things are kept of it, both useless without the browser's session
token, of which the database holds only a hash: an HMAC to compare with, and the code sealed, so that "send again"
sends the same one."""

import hashlib
import hmac
import re

import pyotp

from server.errors import Invalid
from server.words.i18n import translate
from server.words.marks import N_

_SIX = re.compile(r"[0-9]{6}")
_WORDS = N_("%(code)s – код для входа в Журнал Обращений")


def new() -> str:
    """Six digits that nobody can tell from the ones before."""
    return pyotp.HOTP(pyotp.random_base32()).at(0)


def typed(text: str) -> str:
    """What somebody typed, without blanks: exactly six ASCII digits, leading zeros kept."""
    digits = "".join(text[:40].split())
    if not _SIX.fullmatch(digits):
        raise Invalid({"code": "Введите шесть цифр из СМС"})
    return digits


def _keyed(key: str, purpose: str, *parts: str) -> bytes:
    return hmac.digest(key.encode(), "|".join((purpose, *parts)).encode(), hashlib.sha256)


def digest(key: str, token: str, code: str) -> str:
    """What is kept to compare with: of this code in this log-in, under the journal's key."""
    return _keyed(key, "code", token, code).hex()


def same(expected: str, found: str) -> bool:
    """Compares two digests in constant time."""
    return hmac.compare_digest(expected, found)


def seal(key: str, token: str, nonce: str, code: str) -> str:
    """The code under a pad that is used once: derived from the journal's key, the session's token and a nonce."""
    pad = _keyed(key, "seal", token, nonce)
    return bytes(a ^ b for a, b in zip(code.encode(), pad, strict=False)).hex()


def unseal(key: str, token: str, nonce: str, sealed: str) -> str:
    """The code that was sealed."""
    pad = _keyed(key, "seal", token, nonce)
    return bytes(a ^ b for a, b in zip(bytes.fromhex(sealed), pad, strict=False)).decode()


def sms(code: str, locale: str) -> str:
    """The text of the SMS: the code is its first number, so that phones offer it."""
    return translate(locale, _WORDS, code=code)
