"""Watches models of PyTorch: histograms of gradients and parameters, and the graph of layers."""

from __future__ import annotations

import math
import weakref
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import tracker
from tracker.integrations import need

torch = need("torch")

BINS = 64
WORDS = ("gradients", "parameters", "all", None)
# Counts are floats of 32 bits, which cannot count further.
MOST_COUNTED = 2**24
# Beyond it, the distance of two floats of 32 bits may be more than such a float can hold.
NEAR_THE_END = 1e38


def watch(
    run: Any,
    models: Any,
    criterion: Any = None,
    log: str | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,
    log_graph: bool = False,
) -> list[Any]:
    """Log what a run's models learn with; see :meth:`tracker.Run.watch`."""
    if log not in WORDS:
        raise tracker.UsageError(
            f"log must be one of 'gradients', 'parameters', 'all', or None, and it is {log!r}."
        )
    several: Sequence[Any] = models if isinstance(models, tuple | list) else (models,)
    for model in several:
        if not isinstance(model, torch.nn.Module):
            raise tracker.errors.NotAModelError(
                f"Expected a pytorch model (torch.nn.Module). Received {type(model)}"
            )
    if run.disabled:
        return []
    watched = _watched_by(run)
    graphs = []
    for place, model in enumerate(several):
        number = watched.number_for(model)
        watch = _Watch(run, model, number if idx is None else idx + place, max(1, int(log_freq)))
        if log in ("parameters", "all"):
            watch.follow_parameters(model)
        if log in ("gradients", "all"):
            watch.follow_gradients(model)
        if log_graph:
            graphs.append(watch.follow_graph(model))
        watched.add(watch)
    return graphs


def unwatch(run: Any, models: Any = None) -> None:
    """Watch a run's models, or all of them, no longer; see :meth:`tracker.Run.unwatch`."""
    watched = _runs.get(run)
    if models is None:
        if watched is not None:
            watched.end()
        return
    for model in models if isinstance(models, tuple | list) else (models,):
        if watched is None or watched.drop(model) is None:
            tracker.termwarn(f"A {type(model).__name__} is not watched by run {run.id}.")


class _Watched:
    """The models that a run watches."""

    def __init__(self) -> None:
        self._count = 0
        self._watches: list[_Watch] = []

    def add(self, watch: _Watch) -> None:
        self._watches.append(watch)

    def number_for(self, model: Any) -> int:
        """Return the number of a model, which is its former one if it was watched until now."""
        if (former := self.drop(model)) is not None:
            return former.number
        self._count += 1
        return self._count - 1

    def drop(self, model: Any) -> _Watch | None:
        """Watch a model no longer; return how it was watched."""
        for watch in self._watches:
            if watch.model() is model:
                watch.end()
                self._watches.remove(watch)
                return watch
        return None

    def end(self) -> None:
        """Watch no model any longer."""
        for watch in self._watches:
            watch.end()
        self._watches.clear()
        self._count = 0


_runs: weakref.WeakKeyDictionary[Any, _Watched] = weakref.WeakKeyDictionary()


def _watched_by(run: Any) -> _Watched:
    if run not in _runs:
        _runs[run] = _Watched()
        run.before_end(unwatch)
    return _runs[run]


class _Watch:
    """One model's hooks, which write into the run's open step."""

    def __init__(self, run: Any, model: Any, number: int, log_freq: int) -> None:
        self.model = weakref.ref(model)
        self._run = weakref.ref(run)
        self.number = number
        self._log_freq = log_freq
        self._hooks: list[Any] = []
        self._graph: Any = None
        self._passes = 0
        self._is_called = False
        self._most_batches = 0
        self._has_logged = False

    def _key(self, kind: str, name: str) -> str:
        # A compiled model's names are those of the model that it was made of.
        name = name.replace("_orig_mod.", "")
        return f"{kind}/{f'graph_{self.number}' if self.number else ''}{name}"

    def follow_parameters(self, model: Any) -> None:
        """Log the parameters after every n-th forward pass."""
        self._hooks.append(model.register_forward_hook(_Hook(self._on_forward)))
        self._follow_backward(model, self._on_pass)

    def _on_forward(self, module: Any) -> None:
        self._is_called = True
        self._on_pass(module)

    def _on_pass(self, module: Any) -> None:
        self._passes += 1
        if self._is_due(self._passes):
            self._log(
                {
                    self._key("parameters", name): _histogram(parameter, name)
                    for name, parameter in module.named_parameters()
                }
            )

    def _follow_backward(self, model: Any, then: Callable[[Any], None]) -> None:
        """Take backward passes for forward passes while the model is not called itself.

        So it is in Lightning, which calls ``training_step``.
        """

        @torch.utils.hooks.unserializable_hook  # or pickling a parameter would warn of it
        def on_backward(gradient: Any) -> None:
            if not self._is_called and (module := self.model()) is not None:
                _safely(then, module)

        trainable = (each for each in model.parameters() if each.requires_grad)
        if (first := next(trainable, None)) is not None:
            self._hooks.append(first.register_hook(on_backward))

    def follow_gradients(self, model: Any) -> None:
        """Log each parameter's gradient at every n-th backward pass."""
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                hook = _GradientHook(self, self._key("gradients", name))
                self._hooks.append(parameter.register_hook(hook))

    def on_gradient(self, key: str, gradient: Any, count: int) -> None:
        """Log a gradient if it is its turn."""
        if self._is_due(count):
            self._log({key: _histogram(gradient, key)})

    def _is_due(self, count: int) -> bool:
        self._most_batches = max(self._most_batches, count)
        return count % self._log_freq == 0

    def _log(self, found: dict[str, Any]) -> None:
        run = self._run()
        values = {key: value for key, value in found.items() if value is not None}
        if run is not None and values:
            self._has_logged = True
            run.log(values, commit=False)

    def follow_graph(self, model: Any) -> Any:
        """Log the layers, with the shapes that come out of them in the first forward pass."""
        plain = getattr(model, "_orig_mod", model)  # what a compiled model was made of
        self._graph = graph = tracker.Graph.from_torch(plain)
        for name, module in plain.named_modules():
            node = graph[name or "model"]
            self._hooks.append(module.register_forward_hook(_ShapeHook(node)))
        self._hooks.append(model.register_forward_hook(_Hook(self._keep_graph)))
        self._follow_backward(model, self._keep_graph)
        return graph

    def _keep_graph(self, module: Any = None) -> None:
        graph, self._graph = self._graph, None
        run = self._run()
        if graph is not None and run is not None:
            run.log({f"graph_{self.number}": graph}, commit=False)

    def end(self) -> None:
        """Take the hooks off."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self._keep_graph()
        if self._most_batches and not self._has_logged:
            tracker.termwarn(
                f"watch() has logged nothing: there were {self._most_batches} batches, and it logs "
                f"at every {self._log_freq}th. Give it a smaller log_freq."
            )


def _forget(*_: Any) -> None:
    """Stand for a hook in a copy of its model, which is not watched."""


class _Uncopied:
    """A hook that stays with the model that is watched: copies and pickles of it have none."""

    def __deepcopy__(self, memo: Any) -> Callable[..., None]:
        return _forget

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _hook_of_a_copy, ()


def _hook_of_a_copy() -> Callable[..., None]:
    return _forget


class _Hook(_Uncopied):
    """Called after a forward pass; a fault in here ends no training."""

    def __init__(self, then: Callable[[Any], None]) -> None:
        self._then = then

    @torch.compiler.disable
    def __call__(self, module: Any, inputs: Any, output: Any) -> None:
        _safely(self._then, module)


class _ShapeHook(_Uncopied):
    """Notes the shape that comes out of a layer."""

    def __init__(self, node: Any) -> None:
        self._node = node

    @torch.compiler.disable
    def __call__(self, module: Any, inputs: Any, output: Any) -> None:
        shape = getattr(output, "shape", None)
        text = "multiple" if shape is None else str(tuple(shape))
        self._node.attributes.setdefault("output_shape", text)


class _GradientHook:
    """Called with a parameter's gradient, in whichever thread computes it."""

    __torch_unserializable__ = True  # or pickling a parameter would warn of it

    def __init__(self, watch: _Watch, key: str) -> None:
        self._watch = watch
        self._key = key
        self._count = 0

    def __call__(self, gradient: Any) -> None:
        self._count += 1
        _safely(self._watch.on_gradient, self._key, gradient, self._count)


def _safely(action: Callable[..., None], *arguments: Any) -> None:
    try:
        action(*arguments)
    except Exception as error:  # noqa: BLE001 - training goes on, whatever a tensor is like
        tracker.termwarn(f"watch() could not log something: {error!r}.", repeat=False)


def _histogram(tensor: Any, name: str) -> Any:
    """Return a tensor's histogram; None, with a sentence, where it has none."""
    try:
        return _counted(tensor, name)
    except Exception as error:  # noqa: BLE001 - training goes on, whatever a tensor is like
        tracker.termwarn(f"{name} has no histogram: {error}", repeat=False)
        return None


def _counted(tensor: Any, name: str) -> Any:
    """Count a tensor's values, on its device."""
    flat, zeros = _flat(tensor.detach())
    if not flat.numel():
        return None
    low, high = torch.stack(torch.aminmax(flat)).tolist()
    lost = 0
    if not (math.isfinite(low) and math.isfinite(high)):
        finite = flat[flat.isfinite()]
        lost = flat.numel() - finite.numel()
        flat = finite
        if not flat.numel():
            tracker.termwarn(f"{name} holds no finite value: it has no histogram.", repeat=False)
            return None
        low, high = torch.stack(torch.aminmax(flat)).tolist()
    if zeros:
        low, high = min(low, 0.0), max(high, 0.0)
    counts, edges = _count(flat, low, high)
    if zeros:
        counts[min(bisect_right(edges, 0.0) - 1, len(counts) - 1)] += zeros
    histogram = tracker.Histogram(np_histogram=(counts, edges))
    histogram.not_finite = lost
    return histogram


def _flat(values: Any) -> tuple[Any, int]:
    """Return the values in a row, as floats, and how many zeros are left out."""
    zeros = 0
    if values.is_sparse:
        held = values.coalesce().values()
        zeros = values.numel() - held.numel()
        values = held
    if values.is_complex():
        values = torch.view_as_real(values.resolve_conj())
    flat = values.reshape(-1)
    # Half precision has no histc everywhere.
    return (flat if flat.dtype in (torch.float32, torch.float64) else flat.float()), zeros


def _count(flat: Any, low: float, high: float) -> tuple[list[int], list[float]]:
    if low == high:
        return [flat.numel()], [low, high]
    if high - low > NEAR_THE_END:
        flat = flat.double()
    counts = sum(part.histc(BINS, low, high).long() for part in flat.split(MOST_COUNTED))
    edges = torch.linspace(low, high, BINS + 1, dtype=torch.float64)
    return counts.tolist(), edges.tolist()
