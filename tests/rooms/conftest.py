"""What comes every few seconds comes at once, for tests that would only wait for it. Asked for with `usefixtures`, so
that it is so before the house opens."""

import pytest

from server.rooms import hub, presence, watch


@pytest.fixture
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch.BEAT_EVERY <= 15
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
