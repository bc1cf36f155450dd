"""A Gaussian process for few, noisy, mixed observations: what the search knows of the metric.

A Matérn 5/2 kernel with one length scale for each dimension (Snoek, Larochelle and Adams,
"Practical Bayesian Optimization of Machine Learning Algorithms", NeurIPS 2012, section 3.1),
whose parameters have the highest posterior, not likelihood, so that a handful of points cannot
make them extreme. The mean is an unknown constant, integrated out (Rasmussen and Williams,
"Gaussian Processes for Machine Learning", 2006, section 2.7): the observations gather where the
metric is good, so their average says little of the rest, and a mean fixed there would send the
search into every corner of the space.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, lapack, solve_triangular
from scipy.optimize import minimize

Array = NDArray[np.float64]

# The prior variance of the mean, in variances of the observations.
MEAN_VARIANCE = 10.0
# What is added to the diagonal at least, in the same unit.
LEAST_NOISE = 1e-7
# Logarithms of inverse squared length scales, of the kernel's scale and of the noise.
BOUNDS = ((-12.0, 12.0), (-6.0, 8.0), (-18.0, 4.0))
# Where the search for them begins: smooth and noisy, rough and exact, smooth and middling.
STARTS = ((0.0, 0.0, 0.0), (2.0, 0.0, -8.0), (0.0, 0.0, -2.0))


class Surrogate:
    """A Gaussian process conditioned on observations.

    Parameters
    ----------
    points : array of shape (n, d)
        Places in the unit cube.
    values : array of shape (n,)
        Observations, of about mean 0 and variance 1; smaller is better.
    unordered : array of bool of shape (d,)
        Dimensions in which two places are either the same or different.
    start : array, optional
        Parameters of a similar process: then the search for them begins only there.
    doubt : array of shape (n,), optional
        The variance of each observation besides the noise that all have. Default none.

    Attributes
    ----------
    theta : array
        The logarithms of the inverse squared length scales, the kernel's scale, the noise.
    log_posterior : float
        Of theta, up to a constant.
    """

    def __init__(
        self,
        points: Array,
        values: Array,
        unordered: NDArray[np.bool_],
        start: Array | None = None,
        doubt: Array | None = None,
    ) -> None:
        self.points, self._values, self._unordered = points, values, unordered
        self._doubt = np.zeros(len(points)) if doubt is None else doubt
        width = points.shape[1]
        # Each pair of observations once: the matrices are symmetric.
        self._pairs = np.tril_indices(len(points), -1)
        squares = self._squared_differences(points, points)
        self._squares = np.ascontiguousarray(squares[self._pairs].T)
        starts = [np.array([*[rate] * width, *rest]) for rate, *rest in STARTS]
        if start is not None:
            starts = [start]
        bounds = [*[BOUNDS[0]] * width, *BOUNDS[1:]]
        found = [_minimize(self._loss, begin, bounds) for begin in starts]
        self.theta, loss = min(found, key=lambda each: each[1])
        self.log_posterior = -loss
        self._condition()

    # --- the kernel

    def _squared_differences(self, one: Array, other: Array) -> Array:
        squares = np.square(one[:, None, :] - other[None, :, :])
        if self._unordered.any():
            squares[..., self._unordered] = squares[..., self._unordered] > 0
        return squares

    def _parameters(self, theta: Array) -> tuple[Array, float, float]:
        return np.exp(theta[:-2]), math.exp(theta[-2]), math.exp(theta[-1]) + LEAST_NOISE

    def _covariance(self, places: Array) -> Array:
        distances = self._squared_differences(places, self.points) @ self._precision
        return self._scale * _matern(distances)[0] + MEAN_VARIANCE

    # --- its parameters

    def _loss(self, theta: Array) -> tuple[float, Array]:
        """Return the negative log posterior of the parameters and its gradient.

        Rasmussen and Williams, section 5.4.1; the trace of a product of two matrices is the sum
        of their elements' products.
        """
        precision, scale, noise = self._parameters(theta)
        count = len(self._values)
        rows, columns = self._pairs
        correlation, slope = _matern(precision @ self._squares)
        matrix = np.empty((count, count))
        matrix[self._pairs] = scale * correlation + MEAN_VARIANCE
        matrix.flat[:: count + 1] = scale + MEAN_VARIANCE + noise + self._doubt
        lower, failed = lapack.dpotrf(matrix, lower=1)
        if failed:
            return 1e10, np.zeros_like(theta)
        weights = cho_solve((lower, True), self._values, check_finite=False)
        inverse = lapack.dpotri(lower, lower=1)[0]
        fit = 0.5 * self._values @ weights + np.log(lower.diagonal()).sum()
        misfit = weights[rows] * weights[columns] - inverse[self._pairs]
        trace = float(np.sum(weights * weights - inverse.diagonal()))
        gradient = np.empty_like(theta)
        gradient[:-2] = -precision * (self._squares @ (misfit * (scale * slope)))
        gradient[-2] = -scale * (misfit @ correlation + 0.5 * trace)
        gradient[-1] = -0.5 * (noise - LEAST_NOISE) * trace
        prior, prior_gradient = _log_prior(precision, scale, noise)
        return float(fit - prior), gradient - prior_gradient

    # --- the posterior

    def _condition(self) -> None:
        self._precision, self._scale, self.noise = self._parameters(self.theta)
        matrix = self._covariance(self.points)
        matrix.flat[:: len(matrix) + 1] += self.noise + self._doubt
        self._lower = _cholesky(matrix)
        self._weights = cho_solve((self._lower, True), self._values, check_finite=False)
        self._inverse = _symmetric(lapack.dpotri(self._lower, lower=1)[0])

    @property
    def length_scales(self) -> Array:
        """How far in each dimension the metric is alike."""
        return np.asarray(1 / np.sqrt(self._precision))

    def predict(self, places: Array) -> tuple[Array, Array]:
        """Return the mean and the variance of the metric, without noise, at places (m, d)."""
        covariance = self._covariance(places)
        half = solve_triangular(self._lower, covariance.T, lower=True, check_finite=False)
        variance = self._scale + MEAN_VARIANCE - np.square(half).sum(0)
        return covariance @ self._weights, np.maximum(variance, 1e-12)

    def predict_with_gradients(self, place: Array) -> tuple[float, float, Array, Array]:
        """Return the mean and the variance at one place (d,), and the gradients of both."""
        difference = place - self.points
        squares = np.square(difference)
        squares[:, self._unordered] = squares[:, self._unordered] > 0
        correlation, slope = _matern(squares @ self._precision)
        covariance = self._scale * correlation + MEAN_VARIANCE
        slopes = (2 * self._scale * slope)[:, None] * difference * self._precision
        solved = self._inverse @ covariance
        variance = self._scale + MEAN_VARIANCE - covariance @ solved
        return (
            float(covariance @ self._weights),
            max(float(variance), 1e-12),
            self._weights @ slopes,
            -2 * (solved @ slopes),
        )

    def believe(self, places: Array, floor: float = -np.inf) -> None:
        """Take the expected values at places for observed: trials that are still running.

        None is taken for better than `floor`: a hope that is counted as reached would draw the
        next suggestions to its side.

        The mean stays as it is and the variance there shrinks, so the next suggestion goes
        elsewhere. The Kriging believer of Ginsbourger, Le Riche and Carraro, "Kriging is
        well-suited to parallelize optimization", 2010, section 4.2.
        """
        expected, _ = self.predict(places)
        expected = np.maximum(expected, floor)
        self.points = np.vstack([self.points, places])
        self._values = np.concatenate([self._values, expected])
        self._doubt = np.concatenate([self._doubt, np.zeros(len(places))])
        self._condition()


def _matern(squared_distance: Array) -> tuple[Array, Array]:
    """Return the Matérn 5/2 correlation and its derivative by the squared distance."""
    root = np.sqrt(5 * squared_distance)
    decay = np.exp(-root)
    return decay * (1 + root + root * root / 3), (-5 / 6) * decay * (1 + root)


def _log_prior(precision: Array, scale: float, noise: float) -> tuple[float, Array]:
    """Return the log density of the parameters, and its gradient by their logarithms.

    The priors are those of Optuna's sampler: length scales neither tiny nor huge, a scale of
    Gamma(2, 1), and a noise of Gamma(1.1, 30), which is small unless the data say otherwise.
    """
    density = -0.1 * (1 / precision + precision).sum() + math.log(scale) - scale
    density += 0.1 * math.log(noise) - 30 * noise
    by_noise = (0.1 / noise - 30) * (noise - LEAST_NOISE)
    return float(density), np.array([*(0.1 / precision - 0.1 * precision), 1 - scale, by_noise])


def _minimize(loss: Any, start: Array, bounds: list[tuple[float, float]]) -> tuple[Array, float]:
    options = {"gtol": 1e-2}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return found.x, float(found.fun)


def _cholesky(matrix: Array) -> Array:
    """Return the lower factor, of the nearest matrix that has one."""
    lower, failed = lapack.dpotrf(matrix, lower=1, clean=1)
    while failed:
        matrix.flat[:: len(matrix) + 1] *= 1 + 1e-6
        lower, failed = lapack.dpotrf(matrix, lower=1, clean=1)
    return np.asarray(lower)


def _symmetric(lower: Array) -> Array:
    return np.asarray(np.tril(lower) + np.tril(lower, -1).T)
