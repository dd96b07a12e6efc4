"""A tokenizer learnt from the run's own texts: byte-level BPE, as GPT-2's, with ChatML's marks."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from affouage.training.learning.gguf_out.model import Vocabulary

END_OF_TEXT, TURN, END_OF_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIALS = (END_OF_TEXT, TURN, END_OF_TURN)
LEAST = len(SPECIALS) + 256
CHAT_TEMPLATE = (
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def learn(texts: Iterable[str], size: int) -> Tokenizer:
    """At most ``size`` pieces, fewer where the texts hold no more; the same texts give the same pieces."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(LEAST, size),
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """Its pieces and merges, for GGUF: merges as one string each, whatever form its JSON keeps them in."""
    numbered = tokenizer.get_vocab(with_added_tokens=True)
    merges = msgspec.json.decode(tokenizer.to_str())["model"]["merges"]
    return Vocabulary(
        pieces=sorted(numbered, key=numbered.__getitem__),
        merges=[one if isinstance(one, str) else " ".join(one) for one in merges],
        specials=frozenset(SPECIALS),
        end_of_text=END_OF_TEXT,
        end_of_turn=END_OF_TURN,
        chat_template=CHAT_TEMPLATE,
    )
