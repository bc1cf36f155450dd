"""Checks of what scikit-learn's charts are given. The user's own model is never fitted again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.errors import UsageError
from tracker.media.media import import_extra


def sklearn(module: str) -> Any:
    """Return a module of scikit-learn.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    return import_extra(f"sklearn.{module}", "This chart", package="scikit-learn", extra=False)


def copy_of(model: Any) -> Any:
    """Return an unfitted copy of a model, with the same settings."""
    return sklearn("base").clone(model)


def check_fitted(model: Any) -> Any:
    """Return a fitted model.

    Raises
    ------
    UsageError
        If it is none, or not fitted.
    """
    exceptions = sklearn("exceptions")
    try:
        sklearn("utils.validation").check_is_fitted(model)
    except exceptions.NotFittedError as error:
        raise UsageError("Please fit the model before passing it in.") from error
    except TypeError as error:
        raise UsageError(f"A {type(model).__name__} is no model of scikit-learn.") from error
    return model


def as_features(given: Any, name: str = "X") -> NDArray[np.float64]:
    """Return features as samples × numbers.

    Raises
    ------
    UsageError
        If they are not numbers, or some are missing.
    """
    if given is None:
        raise UsageError(f"{name} is None. Please try again.")
    dense = given.toarray() if hasattr(given, "toarray") else given
    try:
        features = np.asarray(dense, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{name} contains values that are not numbers. Please vectorize, label encode or one "
            f"hot encode {name} and call the plotting function again."
        ) from error
    features = features[:, None] if features.ndim == 1 else features
    missing = int(np.isnan(features).sum())
    if missing:
        raise UsageError(f"{name} contains {missing} missing values.")
    return features


def as_labels(given: Any, name: str = "y") -> NDArray[Any]:
    """Return one label a sample.

    Raises
    ------
    UsageError
        If there are none.
    """
    if given is None:
        raise UsageError(f"{name} is None. Please try again.")
    return np.asarray(given).ravel()


def plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's."""
    return value.item() if hasattr(value, "item") else value
