"""Corpora: texts for training, built from a recipe, every document with its source, its licence and its hash.

```
<home>/corpora/NAME/
  recipe.toml                        what is read, and the steps it goes through, in order
  withdrawals.jsonl                  members who took their consent back
  builds/<first 12 of the sha256>/   manifest.json documents.jsonl removed.jsonl splits/{train,held_out,test}.jsonl
  current                            a link to the last build
  work/  downloads/                  of a build under way; what was fetched
```

What a program needs is in ``recipe`` (what is asked), ``building`` (make it), ``store`` (open what was built).
"""
