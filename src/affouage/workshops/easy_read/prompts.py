"""The public text that stands before each sentence to be rewritten, unless another one was voted."""

from __future__ import annotations

from importlib import resources

from affouage.inference.prompt import LANGUAGES


def easy_read_prompts() -> dict[str, str]:
    """By language."""
    folder = resources.files("affouage.workshops.easy_read")
    return {code: folder.joinpath(f"prompt.{code}.md").read_text(encoding="utf-8").strip() for code in LANGUAGES}
