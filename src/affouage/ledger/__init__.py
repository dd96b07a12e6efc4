"""The ledger: what was reserved and what was settled, append-only and chained. No prompt, no answer."""
