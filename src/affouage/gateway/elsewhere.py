"""Routes of OpenAI's interface that are not kept here, and what to use instead. Pure."""

from __future__ import annotations

_CHAT = "Use /v1/chat/completions: this server keeps no answers, so it has no"
_TEXT_ONLY = "This server reads and writes text: use /v1/chat/completions, /v1/completions or /v1/embeddings."
_NOTHING_KEPT = "This server stores nothing for programs: send what the model must read in /v1/chat/completions."

_REMEDIES = {
    "responses": f"{_CHAT} Responses interface.",
    "conversations": f"{_CHAT} conversations.",
    "assistants": f"{_CHAT} assistants.",
    "threads": f"{_CHAT} threads.",
    "messages": "Use /v1/chat/completions: only OpenAI's interface is spoken here.",
    "engines": "Use /v1/models.",
    "edits": "Use /v1/chat/completions.",
    "audio": _TEXT_ONLY,
    "images": _TEXT_ONLY,
    "videos": _TEXT_ONLY,
    "realtime": _TEXT_ONLY,
    "moderations": "No model judges texts here: leave this call out.",
    "files": _NOTHING_KEPT,
    "uploads": _NOTHING_KEPT,
    "vector_stores": "Make vectors with /v1/embeddings and keep them on your side.",
    "batches": "Send the requests one by one: they wait for their turn by themselves.",
    "fine_tuning": "Models are not trained through this interface.",
    "v1": "The address has /v1 twice: take one out of the base address.",
}


def remedy_for(path: str) -> str | None:
    """What to say of ``path`` beside that there is nothing; None for a path that OpenAI does not have either."""
    first = path.removeprefix("/v1/").partition("/")[0]
    return _REMEDIES.get(first)
