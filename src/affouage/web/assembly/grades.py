"""The grades of a vote on several, from the worst to the best: those of Balinski and Laraki."""

from __future__ import annotations

from affouage.web.language import N_

GRADES = (N_("to reject"), N_("passable"), N_("fairly good"), N_("good"), N_("very good"), N_("excellent"))
