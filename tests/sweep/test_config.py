"""Sweep configs: what W&B's schema allows parses, everything else gets one clear sentence."""

import re
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import TrackerError, TrackerWarning, UsageError
from tracker.sweep.config import parse_sweep, read_yaml
from tracker.sweep.distributions import (
    Categorical,
    Constant,
    IntUniform,
    LogUniform,
    Quantised,
    Uniform,
)
from tracker.sweep.parameters import KINDS

METRIC = {"name": "loss"}
A = {"a": {"values": [1, 2]}}


def parse(**config):
    return parse_sweep({"method": "random", "parameters": A, **config})


def distribution(**config):
    return parse(parameters={"a": config}).parameters[0].distribution


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"min": 1, "max": 5}, IntUniform),
        ({"min": 1.0, "max": 5}, Uniform),
        ({"min": 1, "max": 5.0}, Uniform),
        ({"min": 0.1, "max": 0.5}, Uniform),
        ({"min": "1e-5", "max": "1e-1"}, Uniform),
        ({"min": 1, "max": 5, "distribution": "uniform"}, Uniform),
        ({"min": 1.0, "max": 5.0, "distribution": "int_uniform"}, IntUniform),
        ({"values": [1, 2]}, Categorical),
        ({"values": [1, 2], "probabilities": [0.5, 0.5]}, Categorical),
        ({"value": 5}, Constant),
        ({"value": None}, Constant),
        ({"value": [1, 2]}, Constant),
        ({"min": 1, "max": 5, "distribution": "log_uniform_values"}, LogUniform),
        ({"distribution": "q_normal"}, Quantised),
    ],
)
def test_the_distribution_is_inferred_as_in_wandb(config, kind):
    assert type(distribution(**config)) is kind


def test_defaults():
    config = parse(metric={"name": "loss"}, early_terminate={"type": "hyperband", "min_iter": 3})
    assert config.metric.goal == "minimize"
    assert config.metric.impute == "worst"
    assert config.metric.impute_while_running == "false"
    assert config.early_terminate.eta == 3
    assert config.early_terminate.strict is True
    assert config.run_cap is None
    assert config.command is None
    assert not config.is_maximized


def test_a_whole_config():
    given_config = {
        "program": "train.py",
        "name": "first",
        "description": "what it is for",
        "project": "digits",
        "entity": "us",
        "method": "bayes",
        "metric": {"name": "acc", "goal": "maximize", "target": 0.99, "impute": "latest"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}, "b": {"value": 2}},
        "early_terminate": {"type": "hyperband", "max_iter": 27, "s": 2, "eta": 3, "strict": False},
        "run_cap": 50,
        "command": ["${env}", "python", 3, "${args}"],
        "controller": {"type": "local"},
    }
    config = parse_sweep(given_config)
    assert (config.program, config.name, config.description) == (
        "train.py",
        "first",
        "what it is for",
    )
    assert (config.project, config.entity, config.method) == ("digits", "us", "bayes")
    assert config.is_maximized
    assert config.metric.target == 0.99
    assert config.run_cap == 50
    assert config.command == ("${env}", "python", "3", "${args}")
    assert config.early_terminate.strict is False
    assert config.raw == given_config


BAD_PARAMETERS = [
    (5, "parameters.a is 5: expected a mapping, such as {value: 5}."),
    ([1, 2], "parameters.a is [1, 2]: expected a mapping, such as {values: [1, 2]}."),
    ({}, "parameters.a is {}: expected value, values, min and max, or a distribution;"),
    ({"lr": {"value": 1}}, "nested parameters go under the key parameters."),
    ({"value": 1, "values": [1]}, "parameters.a has both value and values: keep one of them."),
    ({"values": 3}, "parameters.a.values is 3: expected a list, such as [1, 2, 3]."),
    ({"values": "abc"}, "parameters.a.values is 'abc': expected a list"),
    ({"values": []}, "parameters.a.values is []: expected at least one value."),
    ({"values": [object]}, "parameters.a.values is [<class 'object'>]: expected numbers, texts"),
    ({"min": 3, "max": 1}, "parameters.a: min 3 is not less than max 1; swap them."),
    ({"min": 3, "max": 3}, "parameters.a: min 3 is not less than max 3; write value: 3."),
    ({"min": 3}, "parameters.a is {'min': 3}: expected value, values, min and max"),
    ({"min": "low", "max": 3}, "parameters.a.min is 'low': expected a finite number."),
    ({"min": True, "max": 3}, "parameters.a.min is True: expected a finite number."),
    ({"min": 0.0, "max": float("inf")}, "parameters.a.max is inf: expected a finite number."),
    ({"min": 0.0, "max": float("nan")}, "parameters.a.max is nan: expected a finite number."),
    (
        {"distribution": "loguniform", "min": 1, "max": 2},
        "parameters.a.distribution is 'loguniform': expected one of constant, categorical,",
    ),
    ({"distribution": "loguniform"}, "did you mean 'log_uniform'."),
    ({"distribution": 7}, "parameters.a.distribution is 7: expected one of"),
    ({"distribution": "uniform", "max": 3}, "parameters.a is uniform and lacks min."),
    ({"distribution": "uniform"}, "parameters.a is uniform and lacks min and max."),
    ({"distribution": "categorical"}, "parameters.a is categorical and lacks values."),
    ({"distribution": "constant"}, "parameters.a is constant and lacks value."),
    (
        {"distribution": "int_uniform", "min": 0.5, "max": 3},
        "parameters.a.min is 0.5: expected a whole number.",
    ),
    (
        {"distribution": "log_uniform_values", "min": 0, "max": 3},
        "parameters.a.min is 0: expected a number above 0.",
    ),
    (
        {"distribution": "q_log_uniform_values", "min": -1, "max": 3},
        "parameters.a.min is -1: expected a number above 0.",
    ),
    (
        {"distribution": "log_uniform", "min": 0, "max": 1000},
        "parameters.a.max is 1000: expected an exponent of e; log_uniform_values takes the limits",
    ),
    (
        {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0},
        "parameters.a.q is 0: expected a number above 0.",
    ),
    (
        {"distribution": "normal", "sigma": 0},
        "parameters.a.sigma is 0: expected a number above 0.",
    ),
    ({"distribution": "normal", "mu": "x"}, "parameters.a.mu is 'x': expected a finite number."),
    ({"distribution": "beta", "a": -1}, "parameters.a.a is -1: expected a number above 0."),
    (
        {"values": [1, 2], "probabilities": [1.0]},
        "parameters.a.probabilities is [1.0]: expected 2 numbers, one for each of values.",
    ),
    (
        {"values": [1, 2], "probabilities": [0.5, 0.6]},
        "parameters.a.probabilities is [0.5, 0.6]: expected numbers ≥ 0 that add up to 1.",
    ),
    (
        {"values": [1, 2], "probabilities": [1.5, -0.5]},
        "expected numbers ≥ 0 that add up to 1.",
    ),
    ({"parameters": {}}, "parameters.a.parameters is {}: expected at least one parameter."),
    ({"parameters": 3}, "parameters.a.parameters is 3: expected a mapping of names to values."),
    (
        {"parameters": {"b": {"min": 3, "max": 1}}},
        "parameters.a.parameters.b: min 3 is not less than max 1; swap them.",
    ),
]


@pytest.mark.filterwarnings("ignore::tracker.errors.TrackerWarning")
@pytest.mark.parametrize(("config", "sentence"), BAD_PARAMETERS)
def test_a_bad_parameter_is_named(config, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        parse(parameters={"a": config})
    assert "\n" not in str(caught.value)


BAD_CONFIGS = [
    ({"method": None}, "method is missing: expected one of grid, random, bayes."),
    ({"method": "gird"}, "method is 'gird': expected one of grid, random, bayes; did you mean"),
    (
        {"method": ["bayes"]},
        "method is ['bayes']: expected one of grid, random, bayes; did you mean",
    ),
    ({"method": "custom"}, "method custom are not supported: choose the method grid, random or"),
    ({"parameters": None}, "parameters is missing: expected the parameters to search, by name."),
    ({"parameters": {}}, "parameters is {}: expected at least one parameter."),
    ({"parameters": [1]}, "parameters is [1]: expected a mapping of names to values."),
    ({"parameters": {3: {"value": 1}}}, "A key of parameters is 3: names are strings"),
    ({"parameters": {"a b": {"value": 1}}}, "A name in parameters is 'a b': expected letters"),
    (
        {"parameters": {"a.b": {"value": 1}, "a": {"parameters": {"b": {"value": 2}}}}},
        "parameters has 'a.b' twice, once nested and once with dots.",
    ),
    ({"metric": 5}, "metric is 5: expected a mapping of names to values."),
    ({"metric": {"goal": "minimize"}}, "metric.name is missing: expected the key that the runs"),
    ({"metric": {"name": ""}}, "metric.name is '': expected a text."),
    (
        {"metric": {**METRIC, "goal": "up"}},
        "metric.goal is 'up': expected minimize or maximize.",
    ),
    ({"metric": {**METRIC, "target": "high"}}, "metric.target is 'high': expected a finite number"),
    (
        {"metric": {**METRIC, "impute": "mean"}},
        "metric.impute is 'mean': expected one of worst, best, latest.",
    ),
    ({"run_cap": 0}, "run_cap is 0: expected a whole number ≥ 1."),
    ({"run_cap": 2.5}, "run_cap is 2.5: expected a whole number ≥ 1."),
    ({"run_cap": "many"}, "run_cap is 'many': expected a whole number ≥ 1."),
    ({"program": 5}, "program is 5: expected a text."),
    ({"command": "python train.py"}, "command is 'python train.py': expected a list"),
    ({"method": "bayes"}, "metric is missing, and method: bayes needs it"),
    (
        {"early_terminate": {"type": "hyperband", "min_iter": 3}},
        "metric is missing, and early_terminate needs it",
    ),
    (
        {"method": "bayes", "metric": METRIC, "parameters": {"a": {"value": 1}}},
        "method bayes needs a parameter with more than one value to search.",
    ),
    (
        {"method": "grid", "parameters": {"lr": {"min": 0.0, "max": 1.0}}},
        "A grid search cannot try all values of lr: give it values, whole min and max",
    ),
]


@pytest.mark.parametrize(("config", "sentence"), BAD_CONFIGS)
def test_a_bad_field_is_named(config, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        parse(**config)
    assert "\n" not in str(caught.value)


BAD_RULES = [
    ({}, "early_terminate.type is missing: expected one of hyperband, median, asha."),
    ({"type": "hyperbund"}, "expected one of hyperband, median, asha; did you mean 'hyperband'."),
    ({"type": "hyperband"}, "early_terminate needs min_iter, the first iteration"),
    ({"type": "hyperband", "max_iter": 27}, "or max_iter and s, from which"),
    (
        {"type": "hyperband", "min_iter": 0},
        "early_terminate.min_iter is 0: expected a whole number ≥ 1.",
    ),
    (
        {"type": "hyperband", "min_iter": 3, "eta": 1},
        "early_terminate.eta is 1: expected a number above 1.",
    ),
    (
        {"type": "hyperband", "min_iter": 3, "strict": "yes"},
        "early_terminate.strict is 'yes': expected true or false.",
    ),
    (
        {"type": "hyperband", "max_iter": 2, "s": 2},
        "early_terminate.max_iter is 2: no rung fits below it, so raise it.",
    ),
    ({"type": "median", "min_trials": -1}, "early_terminate.min_trials is -1: expected a whole"),
    (7, "early_terminate is 7: expected a mapping of names to values."),
]


@pytest.mark.parametrize(("rule", "sentence"), BAD_RULES)
def test_a_bad_stopping_rule_is_named(rule, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        parse(metric=METRIC, early_terminate=rule)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"runcap": 3, "zeal": 1}, "The sweep config has unknown keys, which are ignored: runcap,"),
        ({"metric": {**METRIC, "gaol": 1}}, "metric has unknown keys, which are ignored: gaol."),
        (
            {"parameters": {"a": {"value": 1, "info": "x"}}},
            "parameters.a has unknown keys, which are ignored: info.",
        ),
        (
            {"metric": METRIC, "early_terminate": {"type": "median", "eta": 3}},
            "early_terminate has unknown keys, which are ignored: eta.",
        ),
        (
            {"parameters": {"a": {"distribution": "log_uniform", "min": -3, "max": -1}}},
            "parameters.a uses log_uniform, whose min and max are exponents of e (-3 and -1). "
            "Use log_uniform_values to give the limits themselves.",
        ),
        ({"scheduler": {"engine": "wandb"}}, "scheduler has no effect"),
    ],
)
def test_a_doubtful_field_is_named_in_a_warning(config, sentence):
    with pytest.warns(TrackerWarning, match=re.escape(sentence)):
        parse(**config)


@pytest.mark.parametrize(
    ("given_goal", "goal"),
    [("Maximize", "maximize"), ("maximise", "maximize"), ("min", "minimize"), (None, "minimize")],
)
def test_goals_are_understood(given_goal, goal):
    assert parse(metric={"name": "loss", "goal": given_goal}).metric.goal == goal


def test_empty_sections_are_as_if_they_were_not_there():
    config = parse(metric=None, early_terminate=None, run_cap=None, name=None)
    assert config.metric is None
    assert config.early_terminate is None


WILD = [
    """
    program: train.py
    method: bayes
    metric:
      name: val_loss
      goal: minimize
    parameters:
      lr:
        distribution: log_uniform_values
        min: 1e-5
        max: 1e-2
      batch_size:
        values: [32, 64, 128]
      dropout: {min: 0.0, max: 0.5}
      layers: {min: 1, max: 4}
    early_terminate:
      type: hyperband
      min_iter: 15
      eta: 3
      s: 2
    """,
    """
    apiVersion: v1
    kind: sweep
    method: grid
    parameters:
      seed: {values: [1, 2, 3]}
      model:
        parameters:
          head:
            parameters:
              width: {values: [8, 16]}
          act: {value: relu}
      trainer.max_epochs: {value: 5}
    command:
      - ${env}
      - python
      - -m
      - scripts.train
      - +experiment=base
      - ${args_no_hyphens}
      - hydra.run.dir=runs/${now:%Y%m%d}
    """,
    """
    method: random
    metric: {name: acc, goal: maximize, target: 0.99}
    parameters:
      a: {distribution: q_log_uniform, min: 0, max: 5.5, q: 4}
      b: {distribution: inv_log_uniform_values, min: 1, max: 1000.0}
      c: {distribution: beta, a: 2, b: 5}
      d: {distribution: q_beta, q: 0.1}
      e: {distribution: categorical, values: [a, b], probabilities: [0.3, 0.7]}
      f: {distribution: normal, mu: 100, sigma: 10}
      g: {distribution: q_normal, mu: 100, sigma: 10, q: 5}
      h: {distribution: log_normal, mu: 0.5}
      i: {distribution: q_log_normal}
      j: {values: [null, true, 0, "", [1, 2], {k: 1}]}
    run_cap: 20
    """,
]


@pytest.mark.filterwarnings("ignore::tracker.errors.TrackerWarning")
@pytest.mark.parametrize("text", WILD)
def test_yaml_as_people_write_it(text, tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    config = parse_sweep(path)
    assert config == parse_sweep(str(path)) or config.raw == parse_sweep(str(path)).raw
    assert len(config.parameters) >= 4


def test_numbers_with_an_exponent_are_numbers():
    assert read_yaml("[1e-5, 1.5E+3, -2e3, 1.0e-5, .5e1, 1_0e2]") == [
        1e-5,
        1.5e3,
        -2e3,
        1e-5,
        5.0,
        1000.0,
    ]
    assert read_yaml("['1e-5', e5, 1e, 0x1e5, 12e03a]") == ["1e-5", "e5", "1e", 0x1E5, "12e03a"]


def test_yaml_makes_no_objects():
    with pytest.raises(UsageError, match=r"cannot be read in line 2"):
        read_yaml("a: 1\nb: !!python/object/apply:os.system [echo]")


def test_broken_yaml_names_its_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("method: grid\nparameters: {a: [1, 2\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"The YAML of .*broken\.yaml cannot be read in line 3"):
        parse_sweep(path)


def test_a_missing_file_and_an_empty_file(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read: No such file"):
        parse_sweep(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(UsageError, match="The sweep config is None: expected a mapping"):
        parse_sweep(tmp_path / "empty.yaml")


def test_every_distribution_of_the_schema_is_known():
    quantised = ("uniform", "log_uniform", "log_uniform_values", "normal", "log_normal", "beta")
    assert set(KINDS) == {
        *("constant", "categorical", "categorical_w_probabilities", "int_uniform"),
        *("inv_log_uniform", "inv_log_uniform_values"),
        *quantised,
        *(f"q_{name}" for name in quantised),
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "values", "min", "max", "distribution", "q", "parameters"]),
            inner | st.sampled_from(sorted(KINDS)),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@pytest.mark.filterwarnings("ignore::tracker.errors.TrackerWarning")
@given(
    st.dictionaries(
        st.sampled_from(["method", "metric", "parameters", "run_cap", "early_terminate"]),
        JSON | st.dictionaries(st.sampled_from("abc"), JSON),
    )
)
def test_any_config_parses_or_gets_a_sentence(config):
    sentence = ""
    try:
        parse_sweep({"method": "random", **config})
    except TrackerError as error:
        sentence = str(error)
    assert not sentence or sentence.endswith(".")
