"""Charts of scikit-learn's clusterers: how many clusters, and how well samples fit theirs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tracker.errors import UsageError
from tracker.media.chart import CustomChart
from tracker.media.table import Table
from tracker.plot.custom import visualize
from tracker.plot.estimators import as_features, as_labels, check_fitted, copy_of, plain, sklearn

GAP = 10  # empty rows between clusters


def elbow_curve(
    clusterer: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    cluster_ranges: Iterable[int] | None = None,
    n_jobs: int = 1,
    show_cluster_time: bool = True,
) -> CustomChart:
    """Return the error over the number of clusters; fits copies of the clusterer.

    Parameters
    ----------
    clusterer : clusterer
        With ``n_clusters``, such as KMeans. Left as it is.
    X : array
        Features.
    cluster_ranges : sequence of int, optional
        How many clusters to try. Default 1, 3, 5, 7, 9.
    n_jobs : int
        Accepted for W&B's sake.
    show_cluster_time : bool
        Accepted for W&B's sake: the seconds are always in the table.

    Raises
    ------
    UsageError
        If the clusterer has no ``n_clusters``.
    """
    if not hasattr(clusterer, "n_clusters"):
        raise UsageError("n_clusters attribute not in classifier. Cannot plot elbow method.")
    features = as_features(X)
    rows: list[list[Any]] = []
    for count in sorted(range(1, 10, 2) if cluster_ranges is None else cluster_ranges):
        began = time.perf_counter()
        model = copy_of(clusterer).set_params(n_clusters=int(count)).fit(features)
        error = abs(float(model.score(features)))
        rows.append([int(count), error, time.perf_counter() - began])
    columns = ["cluster_ranges", "errors", "clustering_time"]
    return visualize("wandb/elbow/v1", Table(columns=columns, data=rows))


def silhouette(
    clusterer: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    cluster_labels: Any,
    labels: Sequence[str] | None = None,
    metric: str = "euclidean",
    kmeans: bool = True,
) -> CustomChart:
    """Return how much nearer each sample is to its own cluster than to the next.

    Parameters
    ----------
    clusterer : clusterer
        Fitted.
    X : array
        Features; the first two are drawn.
    cluster_labels : sequence
        The cluster of each sample.
    labels : sequence of str, optional
        Names for the clusters 0, 1, 2 ….
    metric : str
        How distances are measured. Default ``"euclidean"``.
    kmeans : bool
        Whether the clusterer has ``cluster_centers_``. Default True.

    Raises
    ------
    UsageError
        If it is not fitted, or there are fewer than two clusters.
    """
    check_fitted(clusterer)
    features, own = as_features(X), as_labels(cluster_labels, "cluster_labels")
    if len(np.unique(own)) < 2:
        raise UsageError("A silhouette needs at least two clusters.")
    metrics = sklearn("metrics")
    fits = metrics.silhouette_samples(features, own, metric=metric)
    average = float(fits.mean())
    centres = np.asarray(clusterer.cluster_centers_) if kmeans else None
    second = 1 if features.shape[1] > 1 else 0
    rows: list[list[Any]] = []
    low = GAP
    for place, cluster in enumerate(np.unique(own)):
        name = labels[int(cluster)] if labels is not None else plain(cluster)
        middle = [None, None] if centres is None else [
            float(centres[place, 0]), float(centres[place, second]),
        ]  # fmt: skip
        members = np.flatnonzero(own == cluster)
        for height, sample in enumerate(members[np.argsort(fits[members])].tolist()):
            x, y = float(features[sample, 0]), float(features[sample, second])
            rows.append([x, y, name, *middle, low + height, 0, float(fits[sample]), name, average])
        low += len(members) + GAP
    columns = [
        "x", "y", "colors", "centerx", "centery", "y_sil", "x1", "x2", "color_sil",
        "silhouette_avg",
    ]  # fmt: skip
    return visualize("wandb/silhouette_/v1", Table(columns=columns, data=rows))
