"""How a login, a mail address and a phone number are written: one normal form each, or a refusal by field. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from ipaddress import ip_address

import phonenumbers

from server.errors import Invalid
from server.people.policy import ROLES
from server.words import text

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_MOBILE = re.compile(r"\+79\d{9}")


def login(typed: str) -> str:
    """NFC, case folded, without blanks at the ends: what people type is found however they type it."""
    typed = text.storable(typed, "login").strip()
    if text.is_blank(typed):
        raise Invalid({"login": "Введите логин"})
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", typed).casefold())
    if len(folded) > text.LOGIN:
        raise Invalid({"login": "Логин длиннее %(limit)d знаков"}, values={"limit": text.LOGIN})
    return folded


def new_login(typed: str) -> str:
    """A login to be given out: besides, nothing in it that can't be seen or typed over the phone."""
    folded = login(typed)
    if any(unicodedata.category(c)[0] in "ZC" for c in folded):
        raise Invalid({"login": "В логине не должно быть пробелов"})
    return folded


def name(typed: str) -> str:
    """As the person is shown to others."""
    return text.line(typed, "name", limit=text.NAME, empty="Введите имя")


def position(typed: str) -> str:
    """One line; may be nothing."""
    return text.aside(typed, "position", limit=text.POSITION)


def email(typed: str) -> str:
    """An address a mail can be sent to; whether anybody reads it only the mail will tell."""
    typed = text.storable(typed, "email").strip()
    if len(typed) > text.EMAIL or not _ADDRESS.fullmatch(typed):
        raise Invalid({"email": "Проверьте адрес почты: нужен вид имя@домен"})
    return typed


def phone(typed: str) -> str:
    """E.164. Russian numbers also as `8…`, `7…` or ten digits; only `+79…` gets SMS, so nothing else is taken."""
    try:
        number = phonenumbers.parse(typed[:60], "RU")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise Invalid({"phone": "Проверьте номер телефона: нужен вид +7 912 345-67-89"})
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not gets_sms(written):
        raise Invalid({"phone": "Код по СМС приходит только на мобильный номер, который начинается с +7 9"})
    return written


def gets_sms(number: str) -> bool:
    """Mobile numbers of Russia: the only prefix that SMS are paid for."""
    return bool(_MOBILE.fullmatch(number))


def shown(number: str) -> str:
    """`+7 912 345-67-89`."""
    if not gets_sms(number):
        return number
    return f"+7\u00a0{number[2:5]}\u00a0{number[5:8]}-{number[8:10]}-{number[10:]}"


def masked(number: str) -> str:
    """`+7 ··· ··· 67-89`: enough to know one's own phone by."""
    return f"+7\u00a0···\u00a0···\u00a0{tail(number)}" if number else ""


def tail(number: str) -> str:
    """The last four digits, as a mail may name them."""
    return f"{number[-4:-2]}-{number[-2:]}" if number else ""


def roles(chosen: Iterable[str]) -> list[str]:
    """A set of known roles, in their fixed order; nobody is without one."""
    wanted = set(chosen)
    if not wanted or wanted - set(ROLES):
        raise Invalid({"roles": "Выберите роль: %(roles)s"}, values={"roles": ", ".join(ROLES)})
    return [role for role in ROLES if role in wanted]


def is_loopback(address: str) -> bool:
    """Whether a request's address is this machine's own, or not known at all."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True
