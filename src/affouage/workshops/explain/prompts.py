"""The visible text that stands before what is asked in this workshop, where nobody voted another one."""

from __future__ import annotations

from importlib import resources

LANGUAGES = ("fr", "en")


def shipped_prompts() -> dict[str, dict[str, str]]:
    """By workshop and language. The desk drafts as this workshop explains, and keeps its own name in the books."""
    texts = _texts()
    return {"explain": texts, "desk": texts}


def _texts() -> dict[str, str]:
    folder = resources.files("affouage.workshops.explain")
    return {code: folder.joinpath(f"prompt.{code}.md").read_text(encoding="utf-8").strip() for code in LANGUAGES}
