"""What a model writes, made into HTML that can do nothing: no HTML of its own, no image, no link that loads by itself.

Links go to http, https or mailto only, say where they lead, and give the other side no referrer. Headings start at
level 3, below those of the page.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

Env = MutableMapping[str, Any]

LINK_REL = "noreferrer noopener nofollow"
FIRST_HEADING = 3


def render(text: str, *, table_label: str = "Table") -> Markup:
    """HTML of ``text``; ``table_label`` names the scrolling frame of a table for screen readers."""
    return Markup(_parser().render(_plain(text), {"table_label": table_label}))  # noqa: S704  # escaped by the parser


def _plain(text: str) -> str:
    """Without what cannot stand in a page: NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    parser.validateLink = allowed  # type: ignore[method-assign,assignment]
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def allowed(address: str) -> bool:
    """Whether a link may be made: an absolute http or https address with a host, or a mailto."""
    try:
        parts = urlsplit(address.strip())
        return (parts.scheme in ("http", "https") and bool(parts.hostname)) or parts.scheme == "mailto"
    except ValueError:
        return False


def destination(address: str) -> str:
    """What a reader should know before following: the host, or the mail address."""
    try:
        parts = urlsplit(address)
        return parts.hostname or parts.path
    except ValueError:
        return address


def _image(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    return escapeHtml(self.renderInlineAsText(tokens[idx].children or [], options, env))


def _link_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    address = str(tokens[idx].attrGet("href") or "")
    env.setdefault("links", []).append((address, idx))
    return f'<a href="{escapeHtml(address)}" rel="{LINK_REL}">'


def _link_close(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    address, opened = env["links"].pop()
    where = destination(address)
    shown = self.renderInlineAsText(tokens[opened + 1 : idx], options, env)
    # Exactly the address or the host, else it is said: "bank.org" as text must not hide that the link goes to k.org.
    said = "" if shown.strip() in (address, where) else f' <span class="where">({escapeHtml(where)})</span>'
    return f"{said}</a>"


def _heading_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    return f"<h{_level(tokens[idx])}>"


def _heading_close(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    return f"</h{_level(tokens[idx])}>\n"


def _level(token: Token) -> int:
    return min(6, int(token.tag[1]) + FIRST_HEADING - 1)


def _fence(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    return f"<pre><code>{escapeHtml(tokens[idx].content)}</code></pre>\n"


def _table_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    return f'<div class="scrolls" role="region" aria-label="{escapeHtml(env["table_label"])}" tabindex="0"><table>\n'


def _table_close(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    return "</table></div>\n"


def _cell_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
    # The parser aligns with a style attribute, which our content policy forbids.
    style = str(tokens[idx].attrGet("style") or "")
    side = style.removeprefix("text-align:")
    return f'<{tokens[idx].tag} class="{side}">' if side in ("left", "center", "right") else f"<{tokens[idx].tag}>"


_RULES = {
    "image": _image,
    "link_open": _link_open,
    "link_close": _link_close,
    "heading_open": _heading_open,
    "heading_close": _heading_close,
    "fence": _fence,
    "code_block": _fence,
    "table_open": _table_open,
    "table_close": _table_close,
    "th_open": _cell_open,
    "td_open": _cell_open,
}
