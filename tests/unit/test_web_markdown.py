"""Whatever a model writes, what comes out is inert: known tags, known attributes, no image, links one can trust."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.web.markdown import LINK_REL, allowed, destination, render

TAGS = frozenset(
    "p h3 h4 h5 h6 ul ol li blockquote pre code em strong a table thead tbody tr th td hr br div span".split()  # noqa: SIM905
)
VOID = {"hr", "br"}
ATTRIBUTES = {
    "a": {"href", "rel"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
    "span": {"class"},
    "div": {"class", "role", "aria-label", "tabindex"},
}


class Inspector(HTMLParser):
    """Reads HTML and fails on anything that should not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, set()), (tag, attrs)
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag == "a":
            given_ = dict(attrs)
            assert given_["rel"] == LINK_REL
            assert allowed(given_["href"] or "")
            self.links.append(given_["href"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        assert attrs == []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def inspect(text: str) -> Inspector:
    inspector = Inspector()
    inspector.feed(str(render(text)))
    inspector.close()
    assert inspector.open == []
    return inspector


pieces = st.sampled_from(
    [
        *"abc \n\n\t*_`#>-+|!<&\"'[]()~\\:\0\u202e\ud800",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!-- x -->",
        "<![CDATA[",
        "<?php",
        "![alt](https://evil.example/pixel.png)",
        "[text](javascript:alert(1))",
        "[text](data:text/html;base64,PHNjcmlwdD4=)",
        "[text](//evil.example)",
        '[t](https://a.example "onclick=alert(1)")',
        "[a]: https://ok.example/ 'title'\n",
        "[a]",
        "<https://ok.example/?a=1&b=2>",
        "<mailto:moi@exemple.fr>",
        "|a|b|\n|:-|-:|\n|1|2|\n",
        "```html onload=x\n<b>\n```\n",
        "    code\n",
        "1986. liste\n",
        "&lt;script&gt;",
        "&#x6A;avascript:",
        "[x](&#106;avascript:alert(1))",
        "[![i](https://e.example/i.png)](https://e.example)",
    ]
)


@pytest.mark.incident("script-in-page")
@given(st.lists(pieces, max_size=40).map("".join))
def test_what_comes_out_is_inert(text: str) -> None:
    inspect(text)


@pytest.mark.incident("script-in-page")
@given(st.text(max_size=400))
def test_any_text_at_all(text: str) -> None:
    inspect(text)


def test_images_become_their_words() -> None:
    assert "img" not in str(render("![un *chat*](https://evil.example/pixel.png)"))
    assert inspect("![un *chat*](https://evil.example/pixel.png)").text.strip() == "un chat"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "/account/erase", "//evil.example", "file:///x", "vbscript:x"],
)
def test_other_links_stay_text(address: str) -> None:
    assert inspect(f"[ici]({address})").links == []


def test_a_link_says_where_it_leads() -> None:
    assert "(evil.example)" in inspect("[votre banque](https://evil.example/x)").text
    assert "(k.org)" in inspect("[bank.org](https://k.org/)").text
    assert inspect("<https://ok.example/x>").text.strip() == "https://ok.example/x"
    assert inspect("[ok.example](https://ok.example/x)").text.strip() == "ok.example"
    assert destination("mailto:moi@exemple.fr") == "moi@exemple.fr"


def test_headings_stand_below_those_of_the_page() -> None:
    assert str(render("# A\n\n###### B")).replace("\n", "") == "<h3>A</h3><h6>B</h6>"


def test_tables_align_without_style() -> None:
    html = str(render("|a|b|\n|:-:|-:|\n|1|2|"))
    assert "style" not in html
    assert '<td class="center">1</td>' in html
