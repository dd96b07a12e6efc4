"""How a base's tokenizer cuts a text before its merges: the file names the way, and each way is a pattern."""

from __future__ import annotations

from typing import Any

from tokenizers import Regex, pre_tokenizers

from affouage.training.learning.ending import RunEnds

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LETTERS = r"|[^\r\n\p{L}\p{N}]?\p{L}+"
_PATTERNS = {
    "qwen2": _CONTRACTIONS + _LETTERS + r"|\p{N}" + _REST,
    "llama-bpe": _CONTRACTIONS + _LETTERS + r"|\p{N}{1,3}" + _REST,
}
WAYS = ("gpt-2", "smollm", *_PATTERNS)


def cutting(model: str | None, way: str | None) -> Any:
    """``tokenizer.ggml.model`` and ``.pre`` as a pre-tokenizer. Raises RunEnds("base_unknown"): texts would be cut as
    the engine does not cut them, and it would learn what nobody asks it."""
    if model != "gpt2" or way not in WAYS:
        raise RunEnds(
            "base_unknown",
            f"The base cuts words in a way that is not known here ({model}, {way}).",
            f"Choose a base with byte-level pieces, cut as one of: {', '.join(WAYS)}.",
        )
    if way == "gpt-2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    if way == "smollm":
        digits = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    split = pre_tokenizers.Split(Regex(_PATTERNS[way]), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
