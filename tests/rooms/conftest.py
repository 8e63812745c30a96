"""What comes every few seconds comes at once, for tests that would only wait for it. Asked for with `usefixtures`, so
that it is so before the house opens."""

import pytest

from server.rooms import hub, presence, socket, watch


@pytest.fixture(autouse=True)
def _no_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is awaited long, for a busy machine's sake, must not come of a beat unless the beat is what is tried."""
    assert watch.BEAT_EVERY <= 15
    monkeypatch.setattr(watch, "BEAT_EVERY", 600.0)


@pytest.fixture
def quick_beats(_no_beats: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "BEAT_EVERY", 0.1)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch.HEADS_EVERY < 3
    for name in ("HEADS_EVERY", "HEADS_EVERY_WITHOUT_BUS"):
        monkeypatch.setattr(watch, name, 0.1)


@pytest.fixture
def no_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is found without the poll's help."""
    monkeypatch.setattr(watch, "HEADS_EVERY", 600.0)


@pytest.fixture
def quick_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert presence.TYPING == 6
    for module in (presence, hub):
        monkeypatch.setattr(module, "TYPING", 0.3)
    monkeypatch.setattr(socket, "TYPING_EVERY", 0.0)  # so that it may be said as often as it is forgotten
