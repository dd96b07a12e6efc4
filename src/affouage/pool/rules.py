"""The rule areas of sharing, with what may be enacted in each: one list for the server and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from affouage.pool.reach import ConfidentialityRules, check_confidentiality
from affouage.pool.share_rules import ShareRules, check_share

AREAS: Mapping[str, type] = {"share": ShareRules, "confidentiality": ConfidentialityRules}

CHECKS: Mapping[str, Callable[[Any], None]] = {"share": check_share, "confidentiality": check_confidentiality}
"""By area, what raises RuleRefused for a rule that could not be applied."""
