"""``run.watch``: what is logged of a model that trains, and what is not touched."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest

import tracker
from tracker.errors import NotAModelError, UsageError

pytest.importorskip("torch")

import torch
from torch import nn


@pytest.fixture
def run(in_store):
    return tracker.init(project="p")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def train(model, batches=1, inputs=None):
    """Train and log as a user does; return the gradients of each batch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = []
    for batch in range(batches):
        given = torch.full((5, 3), batch + 1.0) if inputs is None else inputs
        loss = model(given).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        seen.append({name: p.grad.clone() for name, p in model.named_parameters()})
        optimizer.step()
        tracker.log({"loss": float(loss.detach())})
    return seen


def keys(rows, kind):
    return [sorted(key for key in row if key.startswith(kind)) for row in rows]


def test_gradients_are_counted_at_every_nth_batch(run, model, rows):
    assert run.watch(model, log_freq=2) == []
    seen = train(model, batches=5)
    found = rows()
    names = [f"gradients/{name}" for name, _ in model.named_parameters()]
    assert keys(found, "gradients/") == [[], sorted(names), [], sorted(names), []]
    assert keys(found, "parameters/") == [[]] * 5
    for step in (1, 3):
        for name, gradient in seen[step].items():
            held = found[step][f"gradients/{name}"]
            assert sum(held["values"]) == gradient.numel()
            assert held["bins"][0] == pytest.approx(float(gradient.min()))
            assert held["bins"][-1] == pytest.approx(float(gradient.max()))


def test_parameters_are_those_of_the_forward_pass(run, model, rows):
    before = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    tracker.watch(model, log="parameters", log_freq=1)
    train(model)
    (row,) = rows()
    assert not keys([row], "gradients/")[0]
    for name, values in before.items():
        held = row[f"parameters/{name}"]
        if values.size > 1:
            counts, edges = np.histogram(values, bins=64)
            assert held["values"] == counts.tolist()
            np.testing.assert_allclose(held["bins"], edges, atol=1e-6)
        else:
            assert (held["values"], held["bins"]) == ([1], [float(values[0])] * 2)


def test_the_second_model_has_a_number(run, model, rows):
    run.watch([model, nn.Linear(2, 2)], log="all", log_freq=1)
    other = nn.Linear(3, 1)
    run.watch(other, log_freq=1)
    train(other)
    assert keys(rows(), "gradients/") == [["gradients/graph_2bias", "gradients/graph_2weight"]]


def test_a_model_that_is_watched_again_is_watched_as_the_last_call_says(run, model, rows):
    run.watch(model, log="all", log_freq=1)
    run.watch(nn.Linear(2, 2))
    run.watch(model, log="parameters", log_freq=1)
    train(model)
    (row,) = rows()
    assert sorted(row) == ["loss", *sorted(f"parameters/{n}" for n, _ in model.named_parameters())]


@pytest.mark.parametrize("end", ["unwatch", "unwatch all", "finish"])
def test_nothing_stays_on_the_model(run, model, rows, end):
    run.watch(model, log="all", log_freq=1, log_graph=True)
    ends = {
        "unwatch": lambda: run.unwatch(model),
        "unwatch all": tracker.unwatch,
        "finish": run.finish,
    }
    ends[end]()
    held = "_forward_hooks", "_backward_hooks"
    assert not any(getattr(module, name) for module in model.modules() for name in held)
    assert not any(parameter._backward_hooks for parameter in model.parameters())  # noqa: SLF001
    tracker.init(project="p", reinit="finish_previous")
    train(model)
    assert [sorted(row) for row in rows()] == [["loss"]]


def test_what_is_not_finite_is_left_out_and_counted(run, model, rows, capsys):
    with torch.no_grad():
        model[0].weight[0, 0] = torch.nan
        model[0].weight[0, 1] = torch.inf
        model[2].bias[:] = torch.nan
    run.watch(model, log="parameters", log_freq=1)
    train(model)
    (row,) = rows()
    held = row["parameters/0.weight"]
    assert (held["not_finite"], sum(held["values"])) == (2, 10)
    assert "parameters/2.bias" not in row
    assert "2.bias holds no finite value" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, torch.complex64])
def test_any_kind_of_number_is_counted(run, rows, kind):
    layer = nn.Identity()
    layer.weight = nn.Parameter(torch.ones(2, 3, dtype=kind))
    run.watch(layer, log="parameters", log_freq=1)
    layer(torch.ones(1))
    tracker.log({"loss": 1})
    (row,) = rows()
    assert sum(row["parameters/weight"]["values"]) == 6 * (2 if kind.is_complex else 1)


def test_zeros_of_a_sparse_gradient_are_counted_too(run, rows):
    words = nn.Embedding(10, 3, sparse=True)
    run.watch(words, log_freq=1)
    (words(torch.tensor([2, 2, 5])) * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    tracker.log({"loss": 1})
    (row,) = rows()
    held = row["gradients/weight"]
    assert sum(held["values"]) == 30
    assert held["values"][0] == 24  # 8 words of 3 zeros
    assert (held["bins"][0], held["bins"][-1]) == (0.0, 8.0)


def test_values_too_many_for_a_float_to_count_and_too_far_apart(run, rows):
    layer = nn.Linear(1, 1)
    layer.many = nn.Parameter(torch.zeros(2**24 + 2**10))
    layer.far = nn.Parameter(torch.tensor([-3e38, 0.0, 3e38]))
    with torch.no_grad():
        layer.many[0] = 1
    run.watch(layer, log="parameters", log_freq=1)
    layer(torch.ones(1, 1))
    tracker.log({"loss": 1})
    (row,) = rows()
    assert row["parameters/many"]["values"][0] == 2**24 + 2**10 - 1
    far = row["parameters/far"]["values"]
    assert (far[0], far[32], far[-1], sum(far)) == (1, 1, 1, 3)


def test_what_cannot_be_counted_ends_no_training(run, model, rows, capsys):
    model.odd = nn.Parameter(torch.empty(3, device="meta"), requires_grad=False)
    run.watch(model, log="parameters", log_freq=1)
    train_only = nn.Sequential(*list(model)[:3])
    model(torch.ones(1, 3))
    train(train_only)
    assert "odd has no histogram" in capsys.readouterr().err
    assert "parameters/0.weight" in rows()[0]


def test_copies_and_pickles_are_not_watched(run, model, rows):
    run.watch(model, log="all", log_freq=1)
    twin = copy.deepcopy(model)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    for other in (twin, loaded):
        other(torch.ones(1, 3)).sum().backward()
    tracker.log({"loss": 1})
    assert rows() == [{"loss": 1}]


@pytest.mark.filterwarnings("ignore")  # the compiler looks at what warns when it is looked at
def test_a_compiled_model_has_the_names_of_its_model(run, model, rows):
    compiled = torch.compile(model, backend="eager")
    run.watch(compiled, log="all", log_freq=1, log_graph=True)
    train(compiled)
    names = sorted(name for name, _ in model.named_parameters())
    row = rows()[-1]
    assert keys([row], "gradients/") == [[f"gradients/{name}" for name in names]]
    assert keys([row], "parameters/") == [[f"parameters/{name}" for name in names]]


def test_the_graph_has_the_shapes_of_the_first_pass(run, model, back):
    (graph,) = run.watch(model, log=None, log_graph=True)
    train(model, batches=2)
    held = back().get("graph_0", 0)
    assert held == graph or held.to_value() == graph.to_value()
    assert [node.attributes["output_shape"] for node in held.nodes] == [
        "(5, 1)",
        "(5, 4)",
        "(5, 4)",
        "(5, 1)",
    ]


def test_a_model_that_is_never_called_itself_is_followed_by_its_backward_passes(run, model, rows):
    (graph,) = run.watch(model, log="parameters", log_freq=2, log_graph=True)
    for _ in range(4):
        model[2](model[0](torch.ones(1, 3))).sum().backward()
        tracker.log({"loss": 1})
    found = rows()
    assert [len(names) for names in keys(found, "parameters/")] == [0, 4, 0, 4]
    assert "graph_0" in found[0]
    assert graph["2"].attributes["output_shape"] == "(1, 1)"


def test_a_graph_is_kept_of_a_model_that_never_ran(run, model, back):
    run.watch(model, log=None, log_graph=True)
    assert len(back().get("graph_0", 0).nodes) == 4


def test_too_large_a_frequency_is_told_of(run, model, rows, capsys):
    run.watch(model, log_freq=10)
    train(model, batches=3)
    assert keys(rows(), "gradients/") == [[]] * 3
    assert "there were 3 batches, and it logs at every 10th" in capsys.readouterr().err


def test_what_is_given_wrongly(run, model, capsys):
    with pytest.raises(UsageError, match="log must be one of 'gradients', 'parameters', 'all'"):
        run.watch(model, log="weights")
    with pytest.raises(NotAModelError, match="Expected a pytorch model") as caught:
        run.watch(object())
    assert isinstance(caught.value, TypeError)
    run.unwatch(model)
    assert "A Sequential is not watched by run" in capsys.readouterr().err


def test_a_disabled_run_watches_nothing(alone, model):
    with tracker.init(mode="disabled") as run:
        assert run.watch(model, log="all", log_graph=True) == []
        assert not model._forward_hooks  # noqa: SLF001
