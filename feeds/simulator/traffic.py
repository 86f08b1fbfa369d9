"""How fast the streets are and how many riders wait: by hour and place, and how one day differs from the next."""

from __future__ import annotations

from datetime import date

import numpy as np

from feeds.simulator.network import Network
from predictor.arrays import BoolArray, Float32Array, Float64Array

BIN_S = 120
BINS = 28 * 3600 // BIN_S
_LINKS_AT_ONCE = 32

TRAM_SPEED, BUS_SPEED = 9.0, 8.6
"""Metres a second between stops on an empty street."""
STOPPING_LOSS_S = 8.0
"""What braking for a stop and leaving it again costs."""
RED_SHARE = {True: 0.12, False: 0.38}
"""Share of links with a red light on the way, for trams and for buses."""
RED_MAX_S = {True: 20.0, False: 45.0}


def free_run_s(network: Network, seed: int) -> Float64Array:
    """(K,) seconds over each link on an empty street, without red lights. Some streets are faster than others."""
    street = np.random.default_rng([seed, 2, network.town]).normal(0.0, 0.1, len(network.link_from))
    tram = network.link_is_tram
    speed = np.where(tram, TRAM_SPEED, BUS_SPEED * np.exp(street))
    return network.link_length_m / speed + STOPPING_LOSS_S


def usual_slowness(network: Network, day_type: str) -> Float32Array:
    """(K, BINS) what running times are multiplied by on an average day of the type.

    Streets towards the centre are slow in the morning, streets out of it in the evening, those near it most.
    """
    hour = np.arange(BINS) * BIN_S / 3600.0
    morning, evening, noon = _bump(hour, 8.2, 0.8), _bump(hour, 17.6, 1.1), _bump(hour, 12.4, 1.0)
    shop = _bump(hour, 16.0, 2.0)
    if day_type == "LV":
        inward, outward = 1.0 * morning + 0.6 * evening, 0.55 * morning + 1.0 * evening
        common = 0.3 * noon + 0.25 * _bump(hour, 13.0, 5.0)
    else:
        inward = outward = (0.5 if day_type == "SA" else 0.15) * shop
        common = 0.15 * _bump(hour, 13.5, 5.0)
    towards = (0.5 + 0.5 * network.link_inbound)[:, None]
    centre = np.exp(-((network.link_x_km**2 + network.link_y_km**2) / 2.8**2))
    sensitivity = np.where(network.link_is_tram, 0.06, 0.22 + 0.35 * centre)
    slowness: Float32Array = np.empty((len(towards), BINS), np.float32)
    # So few links at once stay in the processor's cache.
    for first in range(0, len(towards), _LINKS_AT_ONCE):
        rows = slice(first, first + _LINKS_AT_ONCE)
        wave = towards[rows] * inward + (1.0 - towards[rows]) * outward + common
        slowness[rows] = 1.0 + sensitivity[rows, None] * wave
    return slowness


def slowness_of_day(network: Network, day_type: str, day: date, seed: int) -> Float32Array:
    """(K, BINS) the day's own traffic: the usual, times the day's weather, slow waves over quarters of the town, jams
    that come and go around a place, and each link's own ups and downs (correlated over about ten minutes)."""
    rng = np.random.default_rng([seed, 3, day.toordinal(), network.town])
    links = len(network.link_from)
    log = np.full((links, BINS), rng.normal(0.0, 0.03), np.float32)
    log += rng.normal(0.0, 0.04, (links, 1))
    x, y = network.link_x_km, network.link_y_km
    centres = rng.uniform(-6.0, 6.0, (8, 2))
    near = np.exp(-((x[:, None] - centres[:, 0]) ** 2 + (y[:, None] - centres[:, 1]) ** 2) / (2 * 2.5**2))
    log += (near @ _correlated(rng, 8, 25 * 60.0) * 0.10).astype(np.float32)
    jams = int(rng.poisson(30 if day_type == "LV" else 12))
    where, when = rng.uniform(-5.0, 5.0, (jams, 2)), rng.normal(0.0, 1.0, jams)
    peak_h = np.where(rng.random(jams) < 0.5, 8.3, 17.3) + 1.4 * when
    lasts_h, strength = rng.uniform(0.25, 0.7, jams), rng.uniform(0.2, 0.7, jams)
    hour = np.arange(BINS) * BIN_S / 3600.0
    around = np.exp(-((x[:, None] - where[:, 0]) ** 2 + (y[:, None] - where[:, 1]) ** 2) / (2 * 0.6**2))
    swell = np.maximum(1.0 - np.abs(hour - peak_h[:, None]) / (lasts_h[:, None] / 2.0), 0.0)
    log += ((around * strength) @ swell).astype(np.float32)
    own = 0.13 * _correlated(rng, links, 10 * 60.0)
    log += own.astype(np.float32)
    # Trams have their own way: little of this reaches them.
    log *= np.where(network.link_is_tram, 0.2, 1.0).astype(np.float32)[:, None]
    np.exp(log, out=log)
    log *= usual_slowness(network, day_type)
    return log


def riders_by_time(day_type: str) -> Float64Array:
    """(BINS,) riders that come to a stop, in multiples of its average."""
    hour = np.arange(BINS) * BIN_S / 3600.0
    if day_type == "LV":
        curve = 0.5 * _bump(hour, 13.0, 5.5) + 1.5 * _bump(hour, 7.8, 0.8) + 1.2 * _bump(hour, 17.3, 1.4)
    else:
        curve = (0.9 if day_type == "SA" else 0.5) * _bump(hour, 15.5, 3.5)
    return curve + 0.08


def mean_dwell_s(riders: Float64Array, tram: BoolArray) -> Float64Array:
    """Mean standing time at a stop where so many riders board on average."""
    bus = (1.0 - 0.5 * np.exp(-riders)) * 6.0 + 2.3 * riders
    return np.where(tram, 18.0 + 0.35 * riders, bus)


def mean_red_s(tram: BoolArray) -> Float64Array:
    """Mean wait at red lights on a link."""
    mean = {mode: RED_SHARE[mode] * RED_MAX_S[mode] / 2.0 for mode in (True, False)}
    return np.where(tram, mean[True], mean[False])


def _bump(hour: Float64Array, centre: float, width: float) -> Float64Array:
    return np.exp(-0.5 * ((hour - centre) / width) ** 2)


def _correlated(rng: np.random.Generator, series: int, memory_s: float) -> Float32Array:
    """(series, BINS) stationary AR(1) noise of unit variance."""
    keep = np.float32(np.exp(-BIN_S / memory_s))
    fresh = np.float32(np.sqrt(1.0 - keep**2))
    noise = rng.standard_normal((BINS, series), np.float32)
    for i in range(1, BINS):
        noise[i] = keep * noise[i - 1] + fresh * noise[i]
    return noise.T
