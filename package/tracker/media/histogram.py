"""Histograms: how many values lie between which edges."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError, warn
from tracker.media.media import Find, Put
from tracker.media.upstairs import Shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


# Beyond it, NumPy's sums of floats overflow.
NEAR_THE_END = 1e300


class Histogram(Shown):
    """A histogram to log: ``run.log({"gradients": tracker.Histogram(array)})``.

    Parameters
    ----------
    sequence : sequence, array or tensor, optional
        Values of any shape. NaN and infinities are left out, counted and warned of.
    np_histogram : tuple, optional
        Counts and edges, as of ``numpy.histogram``, in place of `sequence`.
    num_bins : int
        How many bins `sequence` is sorted into, 1 to 512. Default 64.

    Attributes
    ----------
    histogram : list of int or float
        How many values lie in each bin.
    bins : list of float
        The edges, one more than there are bins.
    not_finite : int
        How many values were left out.

    Raises
    ------
    UsageError
        If there are no numbers, too many bins, or edges that do not ascend.
    """

    MAX_LENGTH: ClassVar[int] = 512
    type_name: ClassVar[str] = "histogram"

    def __init__(
        self,
        sequence: Any = None,
        np_histogram: Any = None,
        num_bins: int = 64,
    ) -> None:
        self.not_finite = 0
        self.histogram: list[int | float]
        self.bins: list[float]
        if np_histogram is not None:
            self.histogram, self.bins = _check(np_histogram)
        elif sequence is None:
            raise UsageError("Histogram was given nothing: expected a sequence or np_histogram.")
        else:
            numbers = _numbers(sequence)
            self.not_finite = _count_not_finite(numbers)
            self.histogram, self.bins = _count(numbers, _check_bins(num_bins, self.MAX_LENGTH))
        if len(self.histogram) > self.MAX_LENGTH:
            raise UsageError(f"The maximum length of a histogram is {self.MAX_LENGTH}")
        if len(self.histogram) + 1 != len(self.bins):
            raise UsageError("len(bins) must be len(histogram) + 1")

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Return the JSON that stands for it in the history; it needs no file."""
        return {
            "_type": self.type_name,
            "values": list(self.histogram),
            "bins": list(self.bins),
            "not_finite": self.not_finite,
        }

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Histogram:
        """Return what :meth:`to_reference` was called on."""
        bins = reference["bins"] or [0.0, 1.0]
        made = cls(np_histogram=(reference["values"] or [0], bins))
        made.not_finite = int(reference.get("not_finite") or 0)
        return made

    def to_value(self) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Return counts and edges as ``numpy.histogram`` does."""
        import numpy as np

        return np.array(self.histogram), np.array(self.bins, dtype=np.float64)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return (self.histogram, self.bins, self.not_finite) == (
            other.histogram,
            other.bins,
            other.not_finite,
        )

    def __hash__(self) -> int:
        return hash((tuple(self.histogram), tuple(self.bins)))

    def __repr__(self) -> str:
        return (
            f"<tracker.Histogram: {sum(self.histogram):,} values, {self.bins[0]:g} to "
            f"{self.bins[-1]:g}>"
        )


def _numbers(given: Any) -> NDArray[np.float64]:
    import numpy as np

    if hasattr(given, "detach"):
        given = given.detach().cpu().double()
    elif hasattr(given, "compressed"):
        given = given.compressed()
    elif not hasattr(given, "__len__") and hasattr(given, "__iter__"):
        given = list(given)
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"its elements are {array.dtype}")
        return array.astype(np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"Histogram cannot be made of a {type(given).__name__}: {error}. Expected numbers."
        ) from error


def _count_not_finite(numbers: NDArray[np.float64]) -> int:
    import numpy as np

    count = int(len(numbers) - np.count_nonzero(np.isfinite(numbers)))
    if count:
        warn(
            "The values of a Histogram hold NaN or infinity: these are left out, and counted "
            "as not_finite."
        )
    return count


def _count(numbers: NDArray[np.float64], bins: int) -> tuple[list[int | float], list[float]]:
    import numpy as np

    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if max(abs(low), abs(high)) < NEAR_THE_END:
        try:
            counts, edges = np.histogram(finite, bins=bins, range=(low, high))
            return counts.tolist(), edges.tolist()
        except ValueError:
            pass  # too narrow for so many different edges
    # Halves, because the range of two floats may be more than a float can hold.
    halves = np.linspace(low / 2, high / 2, bins + 1)
    edges = np.unique(np.concatenate([[low], halves[1:-1] * 2, [high]]))
    if len(edges) == 1:
        edges = np.sort([low, np.nextafter(low, -np.inf if low > 0 else np.inf)])
    counts, _ = np.histogram(finite, bins=edges)
    return counts.tolist(), edges.tolist()


def _check_bins(num_bins: Any, limit: int) -> int:
    if isinstance(num_bins, bool) or not hasattr(num_bins, "__index__") or num_bins < 1:
        raise UsageError(f"num_bins is {num_bins!r}: expected a whole number from 1 to {limit}.")
    if num_bins > limit:
        raise UsageError(f"The maximum length of a histogram is {limit}")
    return int(num_bins)


def _check(given: Any) -> tuple[list[int | float], list[float]]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise UsageError(
            "Expected np_histogram to be a tuple of (values, bin_edges) or sequence to be specified"
        )
    counts, edges = (_as_list(part) for part in given)
    if not all(map(math.isfinite, (*counts, *edges))):
        raise UsageError("np_histogram holds NaN or infinity: expected finite counts and edges.")
    if any(high < low for low, high in pairwise(edges)):
        raise UsageError("The edges of np_histogram do not ascend: sort them.")
    return counts, [float(edge) for edge in edges]


def _as_list(given: Any) -> list[Any]:
    numbers = given.tolist() if hasattr(given, "tolist") else list(given)
    if not all(isinstance(number, int | float) for number in numbers):
        numbers = [getattr(number, "item", lambda n=number: n)() for number in numbers]
    if not all(isinstance(number, int | float) for number in numbers):
        raise UsageError(
            f"np_histogram is {given!r:.100}: expected a row of counts and a row of edges."
        )
    return numbers
