"""Marks text for translation where no language is known yet. The catalogues themselves are read in `i18n`."""


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Marks a message id for extraction and gives it back unchanged."""
    return message
