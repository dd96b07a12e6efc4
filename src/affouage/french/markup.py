"""HTML as strangers write it, read without a fault: what all readers of HTML here begin with."""

from __future__ import annotations

from html.parser import HTMLParser


class Markup(HTMLParser):
    """The standard library's reader, which takes for a comment what browsers take for one."""

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """``<![if]>`` and the like. The standard library's asserts that it knows the word, or stops."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)
