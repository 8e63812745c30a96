"""The Markdown a message may use, made into safe HTML: first a parser without HTML, then an allow-list."""

import re
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a"}
# "*" overrules the cleaner's own idea of what every tag may carry.
ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel"}
# Signs that people type without meaning a heading, a rule, a picture or a code block stay what they typed.
UNWANTED = ["heading", "lheading", "hr", "image", "code", "reference", "html_block", "html_inline"]

SIGNS = re.compile(r"\*\*|__|`+|(?m:^(?:>|[-*+])\s+)")
ADDRESS = re.compile(r"https?://[^\s<>«»\"]+[^\s<>«»\".,:;!?)\]]")


def markdown(text: str) -> Markup:
    """A message as HTML. Single line breaks are kept, bare web addresses become links, the rest is text."""
    html = nh3.clean(
        _parser().render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener nofollow",
    )
    return Markup(html)  # noqa: S704 - the allow-list above is what makes it safe


def spoken(text: str) -> str:
    """The first words of a message for a list, without the signs that make them bold or code."""
    return SIGNS.sub("", text)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(UNWANTED)
    parser.core.ruler.push("bare_address", _bare_addresses)
    return parser


def _bare_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _linked(block.children)


def _linked(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        out += [token] if depth or token.type != "text" else _split(token.content)
    return out


def _split(text: str) -> list[Token]:
    out: list[Token] = []
    end = 0
    for found in ADDRESS.finditer(text):
        out += [_text(text[end : found.start()]), Token("link_open", "a", 1, attrs={"href": found[0]})]
        out += [_text(found[0]), Token("link_close", "a", -1)]
        end = found.end()
    return [*out, _text(text[end:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
