"""How handing something over can end, other than well. Pure; raised by the channels, decided upon by the worker."""


class Down(Exception):
    """The channel can't be reached or won't have us: nothing was handed over, no letter is to blame."""


class Refused(Exception):
    """A definite no to this one letter; `for_good` when trying again is of no use."""

    def __init__(self, problem: str, *, for_good: bool) -> None:
        super().__init__(problem)
        self.for_good = for_good


class Unknown(Exception):
    """It was handed over, but the answer never came: it may have left or not."""
