"""The curves of runs as a drawing: loss by steps, on the training text and on text held out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from affouage.training.runs.store import Run
from affouage.training.runs.story import Story, thinned
from affouage.web.language import Language
from affouage.web.plot import Line, Words, lines


def curves(runs: Sequence[tuple[Run, Story]], language: Language, name: str = "training") -> Markup:
    """One run's two curves, or the held-out curve of several."""
    _ = language.gettext
    if len(runs) == 1:
        run, story = runs[0]
        drawn = [
            Line(_("on the training text"), tuple(thinned(story.train))),
            Line(_("on text held out"), tuple(story.held_out)),
        ]
        title = _("How {name} learnt").format(name=run.name)
    else:
        drawn = [Line(run.name, tuple(story.held_out)) for run, story in runs]
        title = _("On text held out: {names}").format(names=", ".join(run.name for run, _story in runs))
    description = _("Loss, in nats a token, by steps: lower is better.")
    words = Words(name=name, title=title, description=description)
    return lines(drawn, words=words, x_label=_("steps"), y_label=_("loss"), language=language)
