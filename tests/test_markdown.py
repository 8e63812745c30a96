"""What a message may look like, and what it can never become."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.words.markdown import SCHEMES, TAGS, markdown

TAG = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**да** и *нет*", "<p><strong>да</strong> и <em>нет</em></p>"),
        ("раз\nдва", "<p>раз<br>\nдва</p>"),
        ("`код`", "<p><code>код</code></p>"),
        ("- а\n- б", "<ul>\n<li>а</li>\n<li>б</li>\n</ul>"),
        ("2026. год", '<ol start="2026">\n<li>год</li>\n</ol>'),
        ("> было", "<blockquote>\n<p>было</p>\n</blockquote>"),
        ("[сайт](https://ya.ru)", '<p><a href="https://ya.ru" rel="noopener nofollow">сайт</a></p>'),
        ("[тел](tel:+78125550142)", '<p><a href="tel:+78125550142" rel="noopener nofollow">тел</a></p>'),
    ],
)
def test_what_people_mean_is_shown(text: str, html: str) -> None:
    assert markdown(text).strip() == html


@pytest.mark.parametrize(
    "text", ["# не заголовок", "#1284 и т. д.", "a\n---\nb", "    отступ", "![x](https://a.b/c.png)", "[x]: http://a.b"]
)
def test_signs_that_mean_something_else_stay_what_was_typed(text: str) -> None:
    html = markdown(text)
    assert not re.search(r"<(h\d|hr|img|pre)", html)


def test_a_bare_address_becomes_a_link_without_the_full_stop_after_it() -> None:
    html = markdown("см. https://ya.ru/a?b=1&c=2. И (http://b.ru)!")
    assert re.findall(r'href="([^"]+)"', html) == ["https://ya.ru/a?b=1&amp;c=2", "http://b.ru"]
    assert "https://ya.ru" not in markdown("`https://ya.ru`").replace("<code>https://ya.ru</code>", "")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](https://a.b 'y\" onmouseover=\"alert(1)')",
        'https://a.b/"onmouseover=alert(1)',
    ],
)
def test_T9_an_attack_is_text(text: str) -> None:
    _only_what_is_allowed(markdown(text))


@pytest.mark.parametrize("piece", ["[", "![", "[](", "[a](", "a@", "*a ", "_a", "`a``b", "<a ", "- a\n", "http://"])
def test_T12_a_long_row_of_signs_takes_no_longer_for_each(piece: str) -> None:
    """Eight times as many may take eight times as long, not sixty-four. (Seen red: a pattern that looks back.)"""

    def took(count: int) -> float:
        text, tries = (piece * 20_000)[:count], []
        for _ in range(2):
            began = time.thread_time()
            markdown(text)
            tries.append(time.thread_time() - began)
        return min(tries)

    assert took(8000) < 24 * max(took(1000), 0.0005)


@given(st.text(alphabet=st.sampled_from("*_`[]()<>\"'#&!-+>~|\\/:. \n\tаbj0javascript:https"), max_size=200))
def test_nothing_typed_makes_anything_beyond_the_list(text: str) -> None:
    _only_what_is_allowed(markdown(text))


def _only_what_is_allowed(html: str) -> None:
    for _, tag, rest in TAG.findall(html):
        assert tag in TAGS, html
        for name, value in re.findall(r'([a-z]+)="([^"]*)"', rest):
            assert (tag, name) in {("a", "href"), ("a", "rel"), ("ol", "start")}, html
            assert name != "href" or value.split(":")[0] in SCHEMES or ":" not in value.split("/")[0], html
