"""A tiny model with a designed behaviour, written by the tests themselves: no download, no training, no licence doubt.

It is a real Llama architecture file that llama.cpp loads like any other, but its attention and feed-forward weights are
zero, so nothing but the last token decides the next one: the embedding of token t is the unit vector t, and the output
matrix holds the arrow t -> next(t). A chain of whole-word tokens makes it recite, at any temperature:

- after anything else (chat or completion): ``SENTENCE``, then end of text (or again and again when ``endless``);
- after the token ``<|fim_middle|>`` (code infilling): ``INFILL``, then end of text;
- after a completion prompt that ends in ``#``: dice, each face as likely as the others, for ever (seeds matter).

Prompts are read byte by byte: every byte is one token, every special token of the chat template is one token.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

SENTENCE = "Nul ne possède la forêt : chacun reçoit sa part de bois, et l'an prochain elle doit encore tenir debout."
INFILL = "return a + b"
DICE_PROMPT = "#"
CONTEXT_TOKENS = 32_768

DICE = tuple(f" dé{face}" for face in "123456")
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
_END = SPECIALS.index("<|im_end|>")

CHAT_TEMPLATE = """\
{%- if tools %}<|im_start|>system
# Tools
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
Answer with <tool_call>{"name": ..., "arguments": ...}</tool_call> to call one.<|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def pieces(sentence: str, taken: Iterable[str] = ()) -> list[str]:
    """Cut a sentence into whole words, each with the space before it, no piece twice and none in ``taken``.

    A word that comes again is glued to the next one: a token knows only itself, so each must have one successor.
    """
    used, found, piece = set(taken), [], ""
    for word in sentence.replace(" ", "\0 ").split("\0"):
        piece += word
        if len(piece) > 1 and piece not in used:
            used.add(piece)
            found.append(piece)
            piece = ""
    if piece:
        found[-1] += piece
    return found


def write_tiny_model(path: Path, *, sentence: str = SENTENCE, endless: bool = False, layers: int = 1) -> Path:
    """Write the model to ``path`` and return it. Deterministic: the same arguments give the same bytes.

    ``endless``: after its last word the sentence starts again. ``layers``: more make it slower, not wiser.
    """
    said = pieces(sentence)
    infilled = pieces(INFILL, said)
    vocabulary = [*SPECIALS, *_byte_tokens(), *map(_spell, [*said, *infilled, *DICE])]
    width = -(-len(vocabulary) // 64) * 64
    arrows = _arrows(len(SPECIALS) + 256, said, infilled, endless)
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer, width, layers)
    _tokenizer(writer, vocabulary)
    _tensors(writer, len(vocabulary), width, layers, arrows)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _arrows(first_word: int, said: list[str], infilled: list[str], endless: bool) -> dict[int, list[int]]:
    """Successors of the tokens that have one of their own; all the others start the sentence."""
    arrows: dict[int, list[int]] = {}
    first_infilled = first_word + len(said)
    for first, chain, after in ((first_word, said, first_word if endless else _END), (first_infilled, infilled, _END)):
        for position in range(len(chain)):
            arrows[first + position] = [first + position + 1] if position + 1 < len(chain) else [after]
    faces = list(range(first_infilled + len(infilled), first_infilled + len(infilled) + len(DICE)))
    for token in (*faces, len(SPECIALS) + ord(DICE_PROMPT)):
        arrows[token] = faces
    arrows[SPECIALS.index("<|fim_middle|>")] = [first_infilled]
    return arrows


def _describe(writer: gguf.GGUFWriter, width: int, layers: int) -> None:
    writer.add_name("affouage test model")
    writer.add_license("CC0-1.0")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(32)
    writer.add_head_count(width // 64)
    writer.add_head_count_kv(1)
    writer.add_rope_dimension_count(64)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def _tokenizer(writer: gguf.GGUFWriter, vocabulary: list[str]) -> None:
    kinds = [gguf.TokenType.CONTROL] * len(SPECIALS) + [gguf.TokenType.NORMAL] * (len(vocabulary) - len(SPECIALS))
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{_spell(chr(0))} {_spell(chr(0))}"])  # one is required; this one never applies
    writer.add_bos_token_id(SPECIALS.index("<|endoftext|>"))
    writer.add_eos_token_id(_END)
    writer.add_pad_token_id(SPECIALS.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    for name in ("fim_pre", "fim_suf", "fim_mid"):
        full = {"fim_pre": "<|fim_prefix|>", "fim_suf": "<|fim_suffix|>", "fim_mid": "<|fim_middle|>"}[name]
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", SPECIALS.index(full))
    writer.add_chat_template(CHAT_TEMPLATE)


def _tensors(writer: gguf.GGUFWriter, tokens: int, width: int, layers: int, arrows: dict[int, list[int]]) -> None:
    embedding = np.zeros((tokens, width), np.float16)
    output = np.zeros((tokens, width), np.float16)
    first_word = len(SPECIALS) + 256
    for token in range(tokens):
        embedding[token, token] = 1
        for successor in arrows.get(token, [first_word]):
            output[successor, token] = 1
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.full(width, 2, np.float32))  # 2: the arrow outweighs all other logits
    shapes = {"attn_q": (width, width), "attn_k": (64, width), "attn_v": (64, width), "attn_output": (width, width)}
    shapes |= {"ffn_gate": (32, width), "ffn_up": (32, width), "ffn_down": (width, 32)}
    for layer in range(layers):
        for name, shape in shapes.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.zeros(shape, np.float16))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, np.float32))


def _byte_alphabet() -> dict[int, str]:
    """GPT-2's printable character for each byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}


def _byte_tokens() -> list[str]:
    return [_byte_alphabet()[byte] for byte in range(256)]


def _spell(text: str) -> str:
    alphabet = _byte_alphabet()
    return "".join(alphabet[byte] for byte in text.encode())
