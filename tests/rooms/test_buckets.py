"""How fast one may speak, whichever way one comes, and what is remembered of it."""

from server.config import Limits
from server.rooms import buckets
from server.rooms.buckets import Buckets, Doorman


def test_C18_who_closes_the_socket_and_comes_back_has_not_spoken_less() -> None:
    doorman = Doorman(Limits(say_per_second=1, say_burst=3))
    waits = []
    for _ in range(5):
        with doorman.admitted(1, "127.0.0.1"):
            waits.append(doorman.says(1))
    assert waits[:3] == [0, 0, 0]
    assert all(wait > 0 for wait in waits[3:])
    assert doorman.says(2) == 0, "nobody else waits"


def test_of_many_people_only_those_who_spoke_lately_are_remembered() -> None:
    speech = Buckets(rate=0.001, burst=2)
    speech.of(0).take()
    for person in range(1, 3 * buckets.KEPT):
        speech.of(person)
    assert speech.of(0).tokens < 2, "who spoke is not forgotten"
    assert len(speech._of) <= buckets.KEPT + 1
