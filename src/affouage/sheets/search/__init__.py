"""Finding in the sheets: by words (tantivy), by meaning (vectors of sentence encoders), both weighed together."""
