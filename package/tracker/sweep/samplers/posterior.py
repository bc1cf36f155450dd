"""The parameters of the Gaussian process that a few observations make likeliest.

scikit-learn's own search for them knows no priors, without which a handful of points make the
parameters extreme, and one step of it takes seven times as long: 15 ms against 2 at 200 points in
10 dimensions, of which an ask for a trial needs 150.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, lapack
from scipy.optimize import minimize

Array = NDArray[np.float64]

# The prior variance of the mean, in variances of the observations.
MEAN_VARIANCE = 10.0
# What is added to the diagonal at least, in the same unit.
LEAST_NOISE = 1e-7
# Logarithms of the kernel's scale, of its lengths and of the noise.
BOUNDS = ((-6.0, 8.0), (-6.0, 6.0), (-18.0, 4.0))
# Where the search for them begins: smooth and noisy, rough and exact, smooth and middling.
STARTS = ((0.0, 0.0, 0.0), (0.0, -1.0, -8.0), (0.0, 0.0, -2.0))


class Posterior:
    """How likely a kernel's parameters are, given places.

    Parameters
    ----------
    points : array of shape (n, d)
        Places, as columns of numbers.
    first : sequence of int
        The first column of each parameter: its columns share a length scale.
    doubt : array of shape (n,)
        The variance of each observation besides the noise that all have.
    """

    def __init__(self, points: Array, first: Sequence[int], doubt: Array) -> None:
        self._doubt = doubt
        # Each pair of observations once: the matrices are symmetric.
        self._pairs = rows, columns = np.tril_indices(len(points), -1)
        squares = np.square(points[rows] - points[columns])
        self._squares = np.ascontiguousarray(np.add.reduceat(squares, first, axis=1).T)

    def maximize(self, values: Array, start: Array | None = None) -> tuple[Array, float]:
        """Return the likeliest parameters and the logarithm of their density.

        With the parameters of a similar process the search begins only there.
        """
        lengths = len(self._squares)
        starts = [np.array([a, *[b] * lengths, c]) for a, b, c in STARTS]
        bounds = [BOUNDS[0], *[BOUNDS[1]] * lengths, BOUNDS[2]]
        found = [
            minimize(
                self._loss, each, (values,), "L-BFGS-B", True, bounds=bounds, options={"gtol": 1e-2}
            )
            for each in (starts if start is None else [start])
        ]
        best = min(found, key=lambda each: float(each.fun))
        return best.x, -float(best.fun)

    def _loss(self, theta: Array, values: Array) -> tuple[float, Array]:
        """Return the negative log posterior of the parameters and its gradient.

        Rasmussen and Williams, section 5.4.1; the trace of a product of two matrices is the sum
        of their elements' products.
        """
        scale, lengths, noise = math.exp(theta[0]), np.exp(theta[1:-1]), math.exp(theta[-1])
        precision = lengths**-2
        count = len(values)
        rows, columns = self._pairs
        root = np.sqrt(5 * (precision @ self._squares))
        decay = scale * np.exp(-root)
        covariance = decay * (1 + root + root * root / 3)
        matrix = np.empty((count, count))
        matrix[self._pairs] = covariance + MEAN_VARIANCE
        matrix.flat[:: count + 1] = scale + MEAN_VARIANCE + noise + LEAST_NOISE + self._doubt
        lower, failed = lapack.dpotrf(matrix, lower=1)
        if failed:
            return 1e10, np.zeros_like(theta)
        weights = cho_solve((lower, True), values, check_finite=False)
        inverse = lapack.dpotri(lower, lower=1)[0]
        fit = 0.5 * values @ weights + np.log(lower.diagonal()).sum()
        misfit = weights[rows] * weights[columns] - inverse[self._pairs]
        trace = float(np.sum(weights * weights - inverse.diagonal()))
        by_length = (5 / 3) * precision * (self._squares @ (misfit * decay * (1 + root)))
        gradient = np.array(
            [-(misfit @ covariance + 0.5 * scale * trace), *-by_length, -0.5 * noise * trace]
        )
        prior, slope = _log_prior(theta)
        return float(fit - prior), gradient - slope


def _log_prior(theta: Array) -> tuple[float, Array]:
    """Return the log density of the parameters, and its gradient by their logarithms.

    The priors are those of Optuna's sampler: length scales neither tiny nor huge, a scale of
    Gamma(2, 1), and a noise of Gamma(1.1, 30), which is small unless the data say otherwise.
    """
    scale, squares, noise = math.exp(theta[0]), np.exp(2 * theta[1:-1]), math.exp(theta[-1])
    density = theta[0] - scale + 0.1 * theta[-1] - 30 * noise
    density -= 0.1 * (squares + 1 / squares).sum()
    by_length = -0.2 * (squares - 1 / squares)
    return float(density), np.array([1 - scale, *by_length, 0.1 - 30 * noise])
