"""Languages: the catalogues of server/locale, read once into memory, and the choice of one for a reader."""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from server.words.marks import Msgid

LOCALES = ("ru", "en")
DEFAULT = "ru"
FOLDER = Path(__file__).parent.parent / "locale"


@cache
def catalogue(locale: str) -> GNUTranslations:
    """The messages of one language. The source is in Russian: its own file holds plural forms only."""
    with (FOLDER / known(locale) / "journal.po").open("rb") as file:
        messages = read_po(file, locale=known(locale), domain="journal")
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return GNUTranslations(compiled)


def known(locale: str | None) -> str:
    """The locale itself if we speak it, else Russian."""
    return locale if locale in LOCALES else DEFAULT


def translate(locale: str, message: str, **values: object) -> str:
    """One message marked by `N_`, in this language, with its named places filled."""
    text = catalogue(locale).gettext(message)
    told = {k: catalogue(locale).gettext(v) if isinstance(v, Msgid) else v for k, v in values.items()}
    return text % told if told else text


def translate_number(locale: str, one: str, many: str, num: int, **values: object) -> str:
    """Like `ngettext`: the form that fits `num`, which fills `%(num)d`."""
    return catalogue(locale).ngettext(one, many, num) % {"num": num, **values}


def preferred(accept_language: str) -> str:
    """The language a browser asks for first among ours; Russian when it names none of them."""
    ranked = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        ranked.append((-weight, place, tag.split("-")[0].lower()))
    return next((tag for weight, _, tag in sorted(ranked) if weight and tag in LOCALES), DEFAULT)
