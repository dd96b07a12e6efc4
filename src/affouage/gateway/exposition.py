"""Prometheus' text format, as much of it as we write. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Samples = Iterable[tuple[Mapping[str, str], float]]
"""Labels and value."""


def family(name: str, kind: str, explained: str, samples: Samples) -> str:
    """One metric with its samples. ``kind``: gauge or counter."""
    return _told(name, kind, explained, ((name, labels, value) for labels, value in samples))


def single(name: str, kind: str, explained: str, value: float) -> str:
    """One metric that has one sample."""
    return family(name, kind, explained, [({}, value)])


def histogram(name: str, explained: str, up_to: Iterable[tuple[float, int]], count: int, total: float) -> str:
    """Durations by class. ``up_to``: for each bound, how many were no longer; ``count``: all; ``total``: their sum."""
    classes = [(f"{name}_bucket", {"le": f"{bound:g}"}, float(below)) for bound, below in up_to]
    rest = [(f"{name}_bucket", {"le": "+Inf"}, count), (f"{name}_sum", {}, total), (f"{name}_count", {}, count)]
    return _told(name, "histogram", explained, [*classes, *rest])


def merged(texts: Mapping[str, str], label: str) -> str:
    """What several programs told, as one: each metric once, its samples under the name of who told them."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for name, text in texts.items():
        metric = ""
        for line in text.splitlines():
            if line.startswith("# HELP "):
                metric = line.split(" ", 3)[2]
                known = metric in heads
                heads.setdefault(metric, [])
            if line.startswith("#"):
                heads[metric] += [] if known else [line]
            else:
                samples.setdefault(metric, []).append(_labelled(line, f'{label}="{_escaped(name)}"'))
    return "".join("\n".join([*heads[one], *samples.get(one, ())]) + "\n" for one in heads)


def _labelled(sample: str, told: str) -> str:
    name, brace, rest = sample.partition("{")
    if brace:
        return f"{name}{{{told},{rest}"
    name, _, value = sample.partition(" ")
    return f"{name}{{{told}}} {value}"


def _told(name: str, kind: str, explained: str, samples: Iterable[tuple[str, Mapping[str, str], float]]) -> str:
    lines = [f"# HELP {name} {explained}", f"# TYPE {name} {kind}"]
    for sample, labels, value in samples:
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{sample}{{{told}}} {value:.12g}" if told else f"{sample} {value:.12g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
