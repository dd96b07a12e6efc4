"""The public log: what was decided, in an order nobody can change unseen. No personal data in it, ever.

``canonical``, ``tree`` and ``note`` are pure; ``log`` appends and proves; ``checkpoints`` signs; ``verify`` looks for
whatever was changed; ``witness`` does the same for the log of another commons; ``offline_verifier`` is one file that
needs nothing of this project. The formats: docs/reference/journal.md.
"""
