"""scikit-optimize's Gaussian process for few, noisy, mixed observations of the metric.

A Matérn 5/2 kernel with one length scale for each dimension (Snoek, Larochelle and Adams,
"Practical Bayesian Optimization of Machine Learning Algorithms", NeurIPS 2012, section 3.1). The
mean is an unknown constant, integrated out (Rasmussen and Williams, "Gaussian Processes for
Machine Learning", 2006, section 2.7): the observations gather where the metric is good, so their
average says little of the rest, and a mean fixed there would send the search into every corner of
the space.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from tracker.sweep.samplers.posterior import LEAST_NOISE, MEAN_VARIANCE

Array = NDArray[np.float64]

# No deviation is less: its logarithm is asked for.
LEAST_DEVIATION = 1e-6


class Surrogate:
    """A Gaussian process conditioned on observations.

    Parameters
    ----------
    points : array of shape (n, d)
        Places, as columns of numbers.
    values : array of shape (n,)
        Observations, of about mean 0 and variance 1; smaller is better.
    theta : array
        The logarithms of the kernel's scale, its length for each parameter, and the noise.
    first : sequence of int
        The first column of each parameter.
    doubt : array of shape (n,)
        The variance of each observation besides the noise that all have.

    Attributes
    ----------
    length_scales : array
        How far in each column the metric is alike.
    noise : float
        The deviation that all observations have.
    """

    def __init__(
        self, points: Array, values: Array, theta: Array, first: Sequence[int], doubt: Array
    ) -> None:
        self._points, self._values, self._doubt = points, values, doubt
        self._theta, self._first = theta, first
        lengths = np.repeat(np.exp(theta[1:-1]), np.diff([*first, points.shape[1]]))
        self.length_scales, self.noise = lengths, math.exp(theta[-1] / 2)
        smooth = ConstantKernel(math.exp(theta[0])) * Matern(lengths, nu=2.5)
        kernel = ConstantKernel(MEAN_VARIANCE) + smooth + WhiteKernel(math.exp(theta[-1]))
        self._model = GaussianProcessRegressor(
            kernel, LEAST_NOISE + doubt, optimizer=None, noise="gaussian"
        )
        self._model.fit(points, values)

    def predict(self, places: Array, **wanted: bool) -> Any:
        """Return the mean and the deviation of the metric, without noise, at places (m, d).

        With ``return_mean_grad`` and ``return_std_grad`` their gradients at one place come after
        them.
        """
        mean, deviation, *slopes = self._model.predict(places, **{"return_std": True, **wanted})
        return mean, np.maximum(deviation, LEAST_DEVIATION), *slopes

    def believing(self, places: Array, floor: float = -np.inf) -> Surrogate:
        """Return the same process with the expected values at places taken for observed.

        They are those of trials that are still running. None is taken for better than `floor`:
        a hope that is counted as reached would draw the next suggestions to its side.

        The mean stays as it is and the variance there shrinks, so the next suggestion goes
        elsewhere. The Kriging believer of Ginsbourger, Le Riche and Carraro, "Kriging is
        well-suited to parallelize optimization", 2010, section 4.2.
        """
        expected = np.maximum(self.predict(places)[0], floor)
        return Surrogate(
            np.vstack([self._points, places]),
            np.concatenate([self._values, expected]),
            self._theta,
            self._first,
            np.concatenate([self._doubt, np.zeros(len(places))]),
        )
