from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tracker.figures.colours import PALETTE, STATE_COLOURS, colour_of

# Machado, Oliveira & Fernandes 2009, severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_apart_for_all_eyes(sight: str) -> None:
    seen = np.clip(np.array([linear(c) for c in PALETTE]) @ SIGHT[sight].T, 0, 1)
    places = np.cbrt(seen @ TO_CONES.T) @ TO_OKLAB.T
    least = min(np.linalg.norm(a - b) for a, b in combinations(places, 2))
    assert least > 0.075


@pytest.mark.parametrize("colour", [*PALETTE, *STATE_COLOURS.values()])
def test_colours_stand_out_on_light_and_dark(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) > 2
    assert (luminance(colour) + 0.05) / (luminance("#111111") + 0.05) > 3


def test_runs_begun_one_after_the_other_are_told_apart() -> None:
    for first in range(1, 95):
        assert len({colour_of(key) for key in range(first, first + 10)}) == 10
    assert colour_of(1) == PALETTE[0]
