"""One setting: its bounds and its sentence; a table of them read from TOML, then from the environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, field, fields
from typing import Any

from affouage.errors import SettingsError


def key(default: Any, sentence: str, *, least: float = 0, most: float = math.inf, choices: tuple[str, ...] = ()) -> Any:
    """A field of a table of settings. ``sentence``: what it is, for people; bounds include their ends."""
    bounds = {"least": least, "most": most, "choices": choices}
    return field(default=default, metadata={"sentence": sentence, **bounds})


def read_table(name: str, kind: Any, values: Any, environ: Mapping[str, str]) -> Any:
    """``kind`` filled from a table of the file and from ``AFFOUAGE_<NAME>_<KEY>``. Raises SettingsError."""
    if not isinstance(values, dict):
        raise SettingsError(f"[{name}] is not a table.", remedy=f"Write [{name}] on its own line, then key = value.")
    given: dict[str, Any] = {}
    names = {one.name: one for one in fields(kind)}
    for key, value in values.items():
        if key not in names:
            raise SettingsError(f"[{name}] has no key {key!r}.", remedy=f"Known: {', '.join(sorted(names))}.")
        given[key] = value
    for key in names:
        variable = f"AFFOUAGE_{name}_{key}".upper()
        if environ.get(variable):
            given[key] = environ[variable]
    return kind(**{key: checked(f"{name}.{key}", value, names[key]) for key, value in given.items()})


def checked(key: str, value: Any, declared: Field[Any]) -> Any:
    value, bounds = _typed(key, value, type(declared.default)), declared.metadata
    if bounds["choices"] and value not in bounds["choices"]:
        raise SettingsError(f"{key} = {value!r} is not known.", remedy=f"Choose among: {', '.join(bounds['choices'])}.")
    if isinstance(value, (int, float)) and not (math.isfinite(value) and bounds["least"] <= value <= bounds["most"]):
        upper = "" if bounds["most"] == math.inf else f" and at most {bounds['most']:g}"
        raise SettingsError(f"{key} = {value!r} is out of range.", remedy=f"Give at least {bounds['least']:g}{upper}.")
    return value


def _typed(key: str, value: Any, wanted: type) -> Any:
    if isinstance(value, str) and wanted is not str:
        try:
            value = wanted(value)
        except ValueError:
            raise SettingsError(f"{key} = {value!r} is not a number.", remedy="Give a number.") from None
    if isinstance(value, bool) or not isinstance(value, (wanted, int) if wanted is float else wanted):
        raise SettingsError(f"{key} = {value!r} should be a {wanted.__name__}.", remedy="Mend it in settings.toml.")
    return value
