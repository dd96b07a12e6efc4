"""The training device: corpora whose every document has a licence, runs whose every figure has a receipt."""
