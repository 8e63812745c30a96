"""Found words are marked in whatever form they stand, and nothing but the mark is markup."""

from server.words.highlight import AROUND, marked


def test_a_word_is_marked_in_any_case_and_number() -> None:
    assert marked("Менять ставку пробовали", "ставка ндс") == "Менять <mark>ставку</mark> пробовали"
    assert marked("Ещё ёлки и елок", "ёлка") == "Ещё <mark>ёлки</mark> и <mark>елок</mark>"


def test_the_text_stays_text() -> None:
    assert marked("<b>НДС</b> & co", "ндс") == "&lt;b&gt;<mark>НДС</mark>&lt;/b&gt; &amp; co"
    assert marked("просто", "") == "просто"


def test_a_long_text_is_cut_around_the_first_hit() -> None:
    text = "до " * 200 + "ставка" + " после" * 200
    got = marked(text, "ставка")
    assert got.startswith("…")
    assert got.endswith("…")
    assert "<mark>ставка</mark>" in got
    assert len(got) < 4 * AROUND + 50
