"""Marks text for translation where no language is known yet. The catalogues themselves are read in `i18n`."""


def N_(message: str) -> str:
    """Marks a message id for extraction (gettext tools look for this name) and gives it back unchanged."""
    return message


class Msgid(str):
    """A value that is a message itself and is translated with the words it stands in: what a code is called."""
