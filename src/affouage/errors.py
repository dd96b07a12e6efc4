"""Everything that can go wrong and that a person or a program can act on.

    AffouageError
    ├── BadRequest              what was asked is malformed                        (param names the part)
    │   ├── UnsupportedParameter   understood, would change the meaning, cannot be honoured
    │   ├── ContextExceeded        prompt longer than the model's context          (both numbers)
    │   └── RuleRefused            a rule that could not be applied                (code says why)
    ├── NotSignedIn             no credential, or one that is not valid            (code says which)
    ├── NotAllowed              valid credential, but not for this
    ├── NotFound                no such thing, for this member
    │   └── UnknownModel           no such model here
    ├── Conflict                cannot be done in the present state (name taken, link already used ...)
    ├── TooMuch                 the commons is full: queue, rate
    │   └── AllowanceSpent         a limit of the energy allowance is reached      (which, how much, when it resets)
    ├── Unavailable             not now, come back                                 (retry_after_s)
    │   ├── Closed                 outside the opening hours                       (when it opens)
    │   ├── AllowanceUncountable   a limit in grams or euros has lost its factor or price
    │   ├── EngineLoading          the model is being loaded                       (progress 0..1 or None)
    │   ├── EngineFailed           the engine died, refused to start or broke an answer
    │   │   ├── NodeLost               the machine that answered went away (lost, shown: whether words had come)
    │   │   └── TurnLost               this gateway was held for dead by the others, and its slot given away
    │   └── LedgerUnavailable      nothing can be written in the ledger, so nothing may be answered
    ├── ModelFileRefused        truncated, foreign or altered file
    ├── PullFailed              a download did not complete; what arrived is kept
    └── SetUpError              the machine or the home is not in order
        ├── SettingsError          a key of the settings is wrong
        ├── HomeInUse              another server runs on this home
        ├── HomeReadOnly           nothing can be written there
        └── DatabaseUnusable       corrupt, or written by a newer version

No HTTP here: the gateway and the pages choose status codes; the command line exits with 2 for what its user can mend.
Each message says what is wrong, ``remedy`` what would work. Messages are English; pages translate by ``code``.
"""

from __future__ import annotations

from typing import Any


class AffouageError(Exception):
    """Root of the tree: ``message`` says what is wrong, ``remedy`` (may be empty) what would work."""

    code = "error"

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code or type(self).code
        self.details = details
        """Facts for programs and for translated sentences (numbers, names), never secrets or prompts."""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class BadRequest(AffouageError):
    code = "invalid_request"

    def __init__(self, message: str, *, param: str | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.param = param


class UnsupportedParameter(BadRequest):
    code = "unsupported_parameter"


class ContextExceeded(BadRequest):
    code = "context_length_exceeded"

    def __init__(self, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(
            f"The prompt has {prompt_tokens} tokens; the model's context holds {context_tokens}, answer included.",
            remedy="Shorten the text, or choose a model with a longer context.",
            param="messages",
            prompt_tokens=prompt_tokens,
            context_tokens=context_tokens,
        )


class RuleRefused(BadRequest):
    code = "rule_refused"


class NotSignedIn(AffouageError):
    code = "invalid_api_key"


class NotAllowed(AffouageError):
    code = "insufficient_permissions"


class NotFound(AffouageError):
    code = "not_found"


class UnknownModel(NotFound):
    code = "model_not_found"


class Conflict(AffouageError):
    code = "conflict"


class TooMuch(AffouageError):
    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_s: int = 5, **more: Any) -> None:
        super().__init__(message, **more)
        self.retry_after_s = retry_after_s


class AllowanceSpent(TooMuch):
    code = "allowance_spent"


class Unavailable(AffouageError):
    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 5, **more: Any) -> None:
        super().__init__(message, **more)
        self.retry_after_s = retry_after_s


class Closed(Unavailable):
    code = "closed"


class AllowanceUncountable(Unavailable):
    code = "allowance_uncountable"


class EngineLoading(Unavailable):
    code = "model_loading"

    def __init__(self, model_id: str, *, progress: float | None, retry_after_s: int, state: str = "loading") -> None:
        done = "" if progress is None else f" ({progress:.0%})"
        super().__init__(
            f"The model {model_id} is being loaded{done}.",
            remedy=f"Ask again in {retry_after_s} s.",
            retry_after_s=retry_after_s,
            model=model_id,
            state=state,
            progress=progress,
        )


class EngineFailed(Unavailable):
    code = "engine_failed"


class NodeLost(EngineFailed):
    code = "node_lost"


class TurnLost(EngineFailed):
    code = "turn_lost"


class LedgerUnavailable(Unavailable):
    code = "ledger_unavailable"


class ModelFileRefused(AffouageError):
    code = "model_file_refused"


class PullFailed(AffouageError):
    code = "pull_failed"


class SetUpError(AffouageError):
    code = "set_up"


class SettingsError(SetUpError):
    code = "settings"


class HomeInUse(SetUpError):
    code = "home_in_use"


class HomeReadOnly(SetUpError):
    code = "home_read_only"


class DatabaseUnusable(SetUpError):
    code = "database_unusable"
