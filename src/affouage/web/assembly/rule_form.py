"""The form of a rule, made from its fields: shown as the rule stands, read back without losing a word. Pure.

Nobody has to know a schema: each thing that may change is a line with its words, its bounds and what it is today; a map
of names is a list to which lines are added, and from which they are ticked away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from affouage.assembly.area import Field
from affouage.web.assembly import field_values as values
from affouage.web.assembly.paths import at, deep_copy, set_at
from affouage.web.assembly.rule_sheet import Input, Item, Row, Rows, Section, Sheet, Ticks
from affouage.web.forms import Form

BLANK_ROWS = 2
"""Empty lines for new entries of a map; one alone where an entry is of several things."""
ROWS_MOST = 200


# -- showing ------------------------------------------------------------------------------------------------------


def sections(
    sheet: Sheet, document: Mapping[str, Any], form: Form | None = None, problems: Mapping[str, str] | None = None
) -> tuple[Section, ...]:
    """``document``: what the form starts from; ``form``: what was typed instead; ``problems``: by path or form name."""
    made: dict[str, list[Item]] = {}
    for place, group in _groups(sheet.area.fields):
        parts = group[0].path.split("/")
        title = parts[0] if len(parts) > 1 and parts[1] != "*" else ""
        made.setdefault(title, []).append(_item(sheet, place, group, document, form, problems or {}))
    return tuple(
        Section(sheet.words.section(sheet.area.name, title) if title else "", tuple(items))
        for title, items in made.items()
    )


def _groups(fields: Sequence[Field]) -> Iterator[tuple[int, list[Field]]]:
    """Fields one by one, those of one map together; each with the place of its first."""
    placed = enumerate(fields)
    for prefix, group in groupby(placed, key=lambda one: _prefix(one[1])):
        if not prefix:
            for place, single in group:
                yield place, [single]
        else:
            together = list(group)
            yield together[0][0], [single for _, single in together]


def _prefix(one: Field) -> str:
    """``workshops/*`` of ``workshops/*/fr``; "" for what is in no map."""
    before, star, _after = one.path.partition("*")
    return before + star if star else ""


def _item(
    sheet: Sheet,
    place: int,
    group: list[Field],
    document: Mapping[str, Any],
    form: Form | None,
    problems: Mapping[str, str],
) -> Item:
    first = group[0]
    if not first.open:
        standing = at(sheet.now, first.path)
        now = values.words_of(first, standing, sheet.words, sheet.area.name, sheet.language)
        made = _input(sheet, first, f"f{place}", at(document, first.path), form, problems)
        return made if first.kind == "long_text" and made.value == standing else replace(made, now=now)
    if first.kind == "present" and first.path.endswith("/*") and len(group) == 1 and first.path.count("*") == 1:
        return _ticks(sheet, place, first, document, form, problems)
    return _rows(sheet, place, group, document, form, problems)


def _input(
    sheet: Sheet, one: Field, name: str, value: Any, form: Form | None, problems: Mapping[str, str], path: str = ""
) -> Input:
    area, words = sheet.area.name, sheet.words
    shown, part = values.written(one, value, sheet.language)
    if form is not None:
        shown, part = form.one(name), form.one(name + "u")
    told = "" if one.path == _prefix(one) else words.help(area, one.path)
    return Input(
        name=name,
        kind="names" if one.kind == "present" else one.kind,
        label=words.label(area, one.path),
        help=values.bounds_words(one, told, sheet.language),
        value=shown,
        unit=values.unit_words(one, words),
        part=part,
        options=values.options_of(one, value, words, area, sheet.language),
        most=int(one.most) if one.kind in ("text", "long_text") and one.most else 400,
        problem=problems.get(name) or problems.get(path or one.path, ""),
    )


def _ticks(
    sheet: Sheet, place: int, one: Field, document: Mapping[str, Any], form: Form | None, problems: Mapping[str, str]
) -> Ticks:
    there = _present(at(document, _holder(one.path)))
    known = _names(sheet, one)
    ticked = form.all(f"t{place}") if form is not None else there
    listed = dict.fromkeys([*known, *there, *ticked])
    others = [] if one.names else form.all(f"t{place}n") if form is not None else [""] * BLANK_ROWS
    now = _present(at(sheet.now, _holder(one.path)))
    spoken = [known.get(name) or _key_words(sheet, one, name) for name in now]
    return Ticks(
        name=f"t{place}",
        label=sheet.words.label(sheet.area.name, one.path),
        help=sheet.words.help(sheet.area.name, one.path),
        ticks=tuple((name, known.get(name) or _key_words(sheet, one, name), name in ticked) for name in listed),
        others=tuple(others),
        now=", ".join(spoken) or sheet.language.gettext("nothing"),
        problem=problems.get(_holder(one.path), "") or problems.get(one.path, ""),
    )


def _names(sheet: Sheet, one: Field) -> dict[str, str]:
    given = {name: _key_words(sheet, one, name) for name in one.names}
    return given | dict(sheet.known.get(one.path, ()))


def _key_words(sheet: Sheet, one: Field, name: str) -> str:
    return sheet.words.option(sheet.area.name, one.path, name)


def _rows(
    sheet: Sheet,
    place: int,
    group: list[Field],
    document: Mapping[str, Any],
    form: Form | None,
    problems: Mapping[str, str],
) -> Rows:
    first = group[0]
    prefix = _prefix(first)
    there = at(document, _holder(prefix)) or {}
    drawn = _typed_rows(form, place) if form is not None else _standing_rows(there, 1 if len(group) > 1 else BLANK_ROWS)
    made = []
    for number, (key, typed, more, gone) in enumerate(drawn):
        entry = there.get(key) if key else None
        inputs = tuple(
            _input(
                sheet,
                one,
                f"m{place}.{number}.{inner}",
                _inside(entry, one, prefix),
                form,
                problems,
                path=one.path.replace("*", key or "*", 1),
            )
            for inner, one in enumerate(group)
        )
        if key and number:  # said once, above the first: twenty lines of a charter have to stay a light page
            inputs = tuple(replace(one, help="") for one in inputs)
        named, _, after = key.partition("=")
        words = _key_words(sheet, first, named) + (f" : {after}" if after else "") if key else typed
        problem = problems.get(f"m{place}.{number}", "")
        made.append(Row(f"m{place}.{number}", key, words, more, gone, inputs, problem))
    return Rows(
        name=f"m{place}",
        label=sheet.words.label(sheet.area.name, prefix),
        help=sheet.words.help(sheet.area.name, prefix),
        rows=tuple(made),
        options=tuple((name, _key_words(sheet, first, name)) for name in first.names),
        keyed=first.keyed,
    )


_Drawn = tuple[str, str, str, bool]
"""(key as it stands, name typed, what is typed after it, to be taken away)."""


def _standing_rows(there: Mapping[str, Any], blank: int) -> list[_Drawn]:
    return [(key, "", "", False) for key in there] + [("", "", "", False)] * blank


def _typed_rows(form: Form, place: int) -> list[_Drawn]:
    try:
        number = min(ROWS_MOST, int(form.one(f"m{place}.rows")))
    except ValueError:
        number = 0
    return [
        (
            form.one(f"m{place}.{row}.key"),
            form.one(f"m{place}.{row}.name").strip(),
            form.one(f"m{place}.{row}.more").strip(),
            form.ticked(f"m{place}.{row}.gone"),
        )
        for row in range(number)
    ]


# -- reading back -------------------------------------------------------------------------------------------------


def read(sheet: Sheet, form: Form, document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(the document as it would be, problems by form name). ``document``: what the form was drawn from: what no field
    describes stays as it was."""
    new: dict[str, Any] = deep_copy(document)
    problems: dict[str, str] = {}
    for place, group in _groups(sheet.area.fields):
        first = group[0]
        if not first.open:
            value, problem = _value(sheet, first, form, f"f{place}")
            _put(new, first.path, value, problem, problems, f"f{place}")
        elif isinstance(_item(sheet, place, group, document, form, {}), Ticks):
            ticked = [*form.all(f"t{place}"), *(one.strip() for one in form.all(f"t{place}n"))]
            set_at(new, _holder(first.path), dict.fromkeys((one for one in ticked if one), True))
        else:
            entries = _entries(sheet, place, group, document, form, problems)
            set_at(new, _holder(_prefix(first)), entries)
    return new, problems


def _value(sheet: Sheet, one: Field, form: Form, name: str) -> tuple[Any, str]:
    return values.read(one, form.one(name), form.one(name + "u"), sheet.language)


def _put(new: dict[str, Any], path: str, value: Any, problem: str, problems: dict[str, str], name: str) -> None:
    if problem:
        problems[name] = problem
    else:
        set_at(new, path, value)


def _entries(
    sheet: Sheet,
    place: int,
    group: list[Field],
    document: Mapping[str, Any],
    form: Form,
    problems: dict[str, str],
) -> dict[str, Any]:
    _ = sheet.language.gettext
    prefix = _prefix(group[0])
    there = at(document, _holder(prefix)) or {}
    found: dict[str, Any] = {}
    for number, (key, typed, more, gone) in enumerate(_typed_rows(form, place)):
        if gone:
            continue
        row = f"m{place}.{number}"
        given = [form.one(f"{row}.{inner}").strip() for inner in range(len(group))]
        name = key or values.slug(typed, group[0])
        if not name:
            if any(text for text, one in zip(given, group, strict=True) if one.kind not in ("choice", "flag")):
                problems[row] = _("Say what this line is about, or empty it.")
            continue
        if more and not key:
            name = f"{name}={values.plain_slug(more)}"
        if name in found:
            problems[row] = _("This is there twice: keep one of the two.")
            continue
        found[name] = _entry(sheet, group, prefix, there.get(key), form, row, problems)
    return found


def _entry(
    sheet: Sheet, group: list[Field], prefix: str, before: Any, form: Form, row: str, problems: dict[str, str]
) -> Any:
    if group[0].path == prefix:
        value, problem = _value(sheet, group[0], form, f"{row}.0")
        if problem:
            problems[f"{row}.0"] = problem
        return value
    entry = deep_copy(before) if isinstance(before, Mapping) else {}
    for inner, one in enumerate(group):
        value, problem = _value(sheet, one, form, f"{row}.{inner}")
        path = one.path.removeprefix(prefix + "/")
        _put(entry, path.removesuffix("/*"), value, problem, problems, f"{row}.{inner}")
    return entry


# -- paths --------------------------------------------------------------------------------------------------------


def _holder(path: str) -> str:
    """``limits`` of ``limits/*``."""
    return path.removesuffix("/*")


def _inside(entry: Any, one: Field, prefix: str) -> Any:
    if one.path == prefix:
        return entry
    return at(entry, one.path.removeprefix(prefix + "/").removesuffix("/*"))


def _present(there: Any) -> list[str]:
    return [name for name, on in (there or {}).items() if on]


def unplaced(problems: Mapping[str, str], shown: Iterable[Section]) -> list[str]:
    """Problems that stand beside no field."""
    beside = set()
    for section in shown:
        for item in section.items:
            if isinstance(item, Rows):
                beside |= {row.problem for row in item.rows}
                beside |= {one.problem for row in item.rows for one in row.inputs}
            else:
                beside.add(item.problem)
    return [one for one in problems.values() if one not in beside]
