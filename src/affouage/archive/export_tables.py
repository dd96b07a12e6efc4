"""What a collective takes elsewhere, table by table, and what it does not, with the reason. Every table is in one list.

A table that is in neither fails a test: whoever adds one has to say. Pure.
"""

from __future__ import annotations

from typing import NamedTuple


class Taken(NamedTuple):
    """``file``: without its ending. ``json``: columns that hold JSON, written as such; ``without``: left behind.
    ``says``: one sentence, in French and in English."""

    file: str
    says: tuple[str, str]
    json: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


TAKEN: dict[str, Taken] = {
    "member": Taken(
        "members",
        ("le rôle : noms, fonctions, dates, sans mots de passe", "the roll: names, roles, dates, without passwords"),
        without=("password_hash", "name_key"),
    ),
    "member_standing": Taken("standings", ("qui vote, dans quel collège", "who votes, in which college")),
    "rule_version": Taken(
        "rules",
        ("chaque version de chaque règle, qui l’a décidée, pourquoi", "each version of each rule, who decided it, why"),
        json=("body",),
    ),
    "ledger_entry": Taken(
        "ledger",
        (
            "le livre de comptes, écriture par écriture ; les reçus sont celles de genre « settled »",
            'the ledger, entry by entry; receipts are those of kind "settled"',
        ),
    ),
    "usage_day": Taken("usage-by-day", ("sommes des reçus, par jour", "sums of receipts, by day")),
    "machine_day": Taken("machines-by-day", ("énergie de chaque machine, par jour", "energy of each machine, by day")),
    "closed_period": Taken(
        "months",
        ("l’empreinte des mois clos", "the footprint of closed months"),
        json=("figures",),
        without=("shares", "salt"),
    ),
    "machine_version": Taken(
        "machine-descriptions", ("les machines telles que décrites", "machines as described"), json=("body",)
    ),
    "calibration": Taken("calibrations", ("les étalonnages", "calibrations")),
    "node": Taken("machines", ("les machines des membres", "machines of members"), json=("policy",)),
    "node_day": Taken("machines-served-by-day", ("ce qu’elles ont servi", "what they served")),
    "journal_witness": Taken("witnesses", ("les témoins du journal public", "witnesses of the public log")),
    "training_run": Taken(
        "training-runs", ("les entraînements et leurs reçus", "runs of training, their receipts"),
        json=("settings", "plan", "receipt"),
    ),
    "training_event": Taken("training-events", ("ce qui leur est arrivé", "what happened to them"), json=("body",)),
    "evaluation": Taken("evaluations", ("les évaluations d’Expliquer", "evaluations of Explain"), json=("body",)),
    "blind_pair": Taken("blind-comparisons", ("les préférences à l’aveugle", "blind preferences")),
    "blind_cost": Taken("blind-costs", ("le coût des réponses comparées", "what compared answers cost")),
    "work_block": Taken("work", ("le livre du travail, par semaines", "the work ledger, by weeks"), json=("body",)),
    "desk_count": Taken("desk-counts", ("les comptes du guichet, par mois", "counts of the desk, by month")),
    "desk_switch": Taken("desk-stops", ("les arrêts de l’outil du guichet", "when the desk's tool was stopped")),
}  # fmt: skip

_THEIRS = (
    "à chaque membre, qui l’emporte par Mon compte",
    "each member's own, who takes it away under My account",
)
_SECRET = ("un secret, qui ouvrirait ailleurs", "a secret, which would open doors elsewhere")
_IN_LOG = (
    "ce qui en est public est dans log.jsonl ; le reste était dû au secret ou à une personne",
    "what of it is public is in log.jsonl; the rest was owed to secrecy or to a person",
)
_PERSONS = ("sur des personnes : se lit avec une raison, ici", "about persons: read with a reason, here")
_PASSING = ("passager", "of the moment")
_PUBLIC_WORDS = (
    "les mots du public, promis pour quelques jours seulement",
    "words of the public, promised to be kept some days only",
)
_AGAIN = ("se recalcule de ce qui est emporté", "computed again from what is taken")

LEFT: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("conversation", "turn", "receipt_salt"), _THEIRS),
    **dict.fromkeys(("session", "api_key", "invitation", "node_invitation"), _SECRET),
    **dict.fromkeys(("assembly_event", "vote", "roll_entry", "detached_ballot", "elector"), _IN_LOG),
    **dict.fromkeys(("journal_record", "journal_person"), _PERSONS),
    **dict.fromkeys(("report", "report_decision", "panel_seat", "sanction", "sensitive_reading"), _PERSONS),
    **dict.fromkeys(("desk_item", "desk_draft", "desk_event", "desk_sent", "desk_focus"), _PUBLIC_WORDS),
    **dict.fromkeys(("work_voice", "work_answer", "allowance_hold", "sign_in_attempt", "node_file"), _PASSING),
    **dict.fromkeys(("gateway", "gateway_request", "turn_queue"), _PASSING),
    **dict.fromkeys(("usage_people", "journal_node", "reading_block"), _AGAIN),
    **dict.fromkeys(("journal_leaf", "journal_checkpoint"), ("dans log.jsonl", "in log.jsonl")),
}
LEFT["reading_block"] = (
    "les mesures de chaque seconde, gardées trois ans : dans la sauvegarde",
    "readings of every second, kept three years: in the backup",
)

FILES: dict[str, tuple[str, str]] = {
    "log.jsonl": (
        "le journal public, avec ses signatures : se vérifie par affouage journal verify, ou offline_verifier.py",
        "the public log with its signatures: checked by affouage journal verify, or offline_verifier.py",
    ),
    "offline_verifier.py": (
        "le vérificateur, qui ne demande que Python et PyNaCl",
        "the verifier, which needs Python and PyNaCl alone",
    ),
    "rules.md": ("les règles et leur histoire, à lire", "rules and their history, to be read"),
    "members.csv": ("le rôle, pour un tableur", "the roll, for a spreadsheet"),
    "manifest.json": ("chaque fichier et son sha256", "every file and its sha256"),
}

FOLDERS: dict[str, tuple[str, str]] = {
    "sheets": (
        "les collections : collection.json dit laquelle, sheets.jsonl ses fiches telles qu’importées",
        "collections: collection.json says which one, sheets.jsonl its sheets as imported",
    ),
    "cards": ("les fiches de modèles du collectif (TOML)", "the collective's own model cards (TOML)"),
    "factors": ("ses propres facteurs d’empreinte (TOML)", "its own footprint factors (TOML)"),
    "sites": ("les ordinateurs où il entraîne (TOML)", "computers it trains on (TOML)"),
}
