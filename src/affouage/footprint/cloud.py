"""The same answer from a cloud model, by EcoLogits' closed form: an estimate, compared with estimates only. Pure.

Nobody outside knows what a cloud service really uses. EcoLogits (https://ecologits.ai, method of version 0.11.3) takes
GPU energy and speed from a regression on public measurements, for ``BATCH`` requests served at once on servers that are
never idle. What it leaves out: **the reading of the prompt** (input tokens cost nothing in it), idle capacity, network,
training. Against measurements at small batches it is 1.4 to 2.6 times too low, hence ``SPREAD``: divided by 1.5, times
4. No figure published by an operator enters a computation: see ``published``.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from affouage.errors import BadRequest
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.impact import assess
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval

BATCH = 64
GPU_KWH_PER_TOKEN = (1.1665273170451914e-6, -0.011205921025579175, 4.052928146734005e-5)
"""alpha, beta, gamma: alpha x exp(beta x batch) x active billions + gamma, in Wh per token and GPU."""
SECONDS_PER_TOKEN = (6.785088094353663e-4, 3.119310311688259e-4, 0.019473717579473387)
"""alpha x active billions + beta x batch + gamma."""
SERVER_KW, SERVER_GPUS, GPU_GB = 1.2, 8, 80
LIFE_S = 3 * 365 * 24 * 3600
SERVER_EMBODIED = (5700.0, 0.37, 70_000.0)
GPU_EMBODIED = (273.0, 0.00895, 3721.0)
"""kg CO2e, kg Sb eq, MJ."""

SPREAD = (1 / 1.5, 4.0)
"""Energy may be 1.5 times less or 4 times more (docs/reference/footprint.md, section 3)."""
EMBODIED_SPREAD = (0.5, 2.0)
MICROJOULES_PER_KWH = 3.6e12


class CloudModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model by size, in billions of parameters; ``active_billions`` of them work for each token. ``bits`` per
    parameter. ``tokens_per_s`` and ``first_token_s`` (seconds) when the service tells them."""

    key: str = ""
    active_billions: float
    total_billions: float
    bits: int = 16
    tokens_per_s: float | None = None
    first_token_s: float | None = None
    fr: str = ""
    en: str = ""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One answer by the closed form, central figures. ``seconds`` of generation on ``gpus``; ``it_kwh`` before the
    building. Embodied: kg CO2e, kg Sb eq, MJ."""

    seconds: float
    gpus: int
    it_kwh: float
    embodied_gwp_kg: float
    embodied_adpe_kg_sb: float
    embodied_pe_mj: float


class CloudEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer may cost in the cloud. ``energy_uj``: microjoules, building included. ``use``: of the electricity
    in the zone asked for (unknown without one); ``embodied``: of the servers' making, water unknown."""

    model: CloudModel
    tokens_decoded: float
    energy_uj: Interval
    use: Impacts
    embodied: Impacts
    quality: Literal["estimated"] = "estimated"

    @property
    def total_gwp_g(self) -> Interval | None:
        """Use and making; None when the zone is unknown."""
        if self.use.gwp_g is None or self.embodied.gwp_g is None:
            return None
        return self.use.gwp_g + self.embodied.gwp_g


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A figure somebody published, in their words, with what it counts. ``date``: 2025-08."""

    who: str
    date: str
    url: str
    fr: str
    en: str
    scope_fr: str
    scope_en: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A data centre: its site, and where that is read."""

    pue: tuple[float, float, float]
    water_on_site_l_per_kwh: tuple[float, float, float]
    source: str
    url: str

    @property
    def site(self) -> Site:
        return Site(Interval(*self.pue), Interval(*self.water_on_site_l_per_kwh))


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """``cloud_models.toml``."""

    set: str
    place: Place
    model: tuple[CloudModel, ...]
    published: tuple[Published, ...]


@cache
def catalogue() -> Catalogue:
    """The classes of models and the published figures this version knows."""
    text = resources.files("affouage.footprint").joinpath("cloud_models.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Catalogue)


def closed_form(model: CloudModel, tokens_decoded: float, latency_s: float = math.inf) -> Point:
    """EcoLogits' closed form (docs/reference/footprint.md, section 11). ``latency_s``: most the answer took, if known.

    Raises BadRequest for a size or a count that cannot be.
    """
    _check(model, tokens_decoded, latency_s)
    alpha, beta, gamma = GPU_KWH_PER_TOKEN
    gpu_kwh = tokens_decoded * (alpha * math.exp(beta * BATCH) * model.active_billions + gamma) / 1000
    seconds = min(tokens_decoded * _seconds_per_token(model) + (model.first_token_s or 0), latency_s)
    gpus = gpus_needed(model)
    server_kwh = seconds / 3600 * SERVER_KW * gpus / SERVER_GPUS / BATCH
    share = seconds / (BATCH * LIFE_S)
    made = [
        share * (gpus / SERVER_GPUS * server + gpus * gpu)
        for server, gpu in zip(SERVER_EMBODIED, GPU_EMBODIED, strict=True)
    ]
    return Point(
        seconds=seconds,
        gpus=gpus,
        it_kwh=server_kwh + gpus * gpu_kwh,
        embodied_gwp_kg=made[0],
        embodied_adpe_kg_sb=made[1],
        embodied_pe_mj=made[2],
    )


def gpus_needed(model: CloudModel) -> int:
    """GPUs of 80 GB that hold the model, 20 % to spare, rounded up to a power of two."""
    gigabytes = 1.2 * model.total_billions * model.bits / 8
    return int(2 ** math.ceil(math.log2(math.ceil(gigabytes / GPU_GB))))


def water_l(it_kwh: float, *, wue_on_l_per_kwh: float, pue: float, off_site_l_per_kwh: float) -> float:
    """Litres consumed: on site per kWh of the machines, off site per kWh of the building. The PUE counts once."""
    return it_kwh * (wue_on_l_per_kwh + pue * off_site_l_per_kwh)


def compare(
    tokens_decoded: float,
    model: CloudModel,
    grid: GridFactors | None,
    place: Site | None = None,
    latency_s: float = math.inf,
) -> CloudEstimate:
    """The same answer from ``model`` with the electricity of ``grid``; ``place``: the data centre, an ordinary one
    by default. Tokens read count for nothing in this method; ``latency_s`` as in :func:`closed_form`. Raises
    BadRequest."""
    point, site = closed_form(model, tokens_decoded, latency_s), place or catalogue().place.site
    central_uj = point.it_kwh * MICROJOULES_PER_KWH
    it_uj = Interval(central_uj * SPREAD[0], central_uj, central_uj * SPREAD[1])
    use = assess(Energy(interval_uj=it_uj, quality="estimated"), grid, site)
    embodied = Impacts(
        gwp_g=_made(point.embodied_gwp_kg * 1000),
        adpe_g_sb=_made(point.embodied_adpe_kg_sb * 1000),
        primary_energy_mj=_made(point.embodied_pe_mj),
        quality="estimated",
    )
    energy_uj = Interval(it_uj.low * site.pue.low, it_uj.central * site.pue.central, it_uj.high * site.pue.high)
    return CloudEstimate(model=model, tokens_decoded=tokens_decoded, energy_uj=energy_uj, use=use, embodied=embodied)


def model_of(size: str) -> CloudModel:
    """``small``, ``70`` (billions) or ``41/675`` (active / total). Raises BadRequest for anything else."""
    for one in catalogue().model:
        if size == one.key:
            return one
    active, _, total = size.replace(",", ".").partition("/")
    try:
        return _checked(CloudModel(key=size, active_billions=float(active), total_billions=float(total or active)))
    except ValueError:
        known = ", ".join(one.key for one in catalogue().model)
        raise BadRequest(
            f"{size!r} is no size of a model.",
            remedy=f"Give one of {known}, billions of parameters (70), or active/total (41/675).",
            param="model_size",
            code="model_size",
            size=size,
            known=known,
        ) from None


def _checked(model: CloudModel) -> CloudModel:
    sizes = (model.active_billions, model.total_billions)
    if not all(0 < size <= 100_000 for size in sizes) or sizes[0] > sizes[1] or not 0 < model.bits <= 64:
        raise BadRequest(
            f"A model of {sizes[0]:g} active and {sizes[1]:g} total billions at {model.bits} bits cannot be.",
            remedy="Sizes are positive, at most 100000 billion, and the active part is at most the total.",
            param="model_size",
        )
    speeds = (model.tokens_per_s, model.first_token_s)
    if any(one is not None and not 0 <= one < math.inf for one in speeds) or model.tokens_per_s == 0:
        raise BadRequest("A speed is positive, a wait not negative.", remedy="Leave out what is not known.")
    return model


def _check(model: CloudModel, tokens_decoded: float, latency_s: float) -> None:
    _checked(model)
    if not 0 <= tokens_decoded <= 1e9 or not latency_s >= 0:
        raise BadRequest(
            f"{tokens_decoded:g} tokens in at most {latency_s:g} s cannot be.",
            remedy="Give a number of tokens from 0 to a billion.",
            param="tokens",
        )


def _seconds_per_token(model: CloudModel) -> float:
    if model.tokens_per_s is not None:
        return 1 / model.tokens_per_s
    alpha, beta, gamma = SECONDS_PER_TOKEN
    return alpha * model.active_billions + beta * BATCH + gamma


def _made(central: float) -> Interval:
    return Interval(central * EMBODIED_SPREAD[0], central, central * EMBODIED_SPREAD[1])
