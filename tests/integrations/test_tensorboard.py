"""What SummaryWriters write is logged as it comes, and to the end."""

from __future__ import annotations

import io
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

import tracker
from tracker.errors import UsageError

pytest.importorskip("tensorboard")

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

KINDS = ["tensorboard", "torch", "tensorboardX"]


@pytest.fixture
def run(in_store):
    return tracker.init(project="p", sync_tensorboard=True)


class Writer:
    """Writes scalars with TensorBoard's own writer, as PyTorch's SummaryWriter does."""

    def __init__(self, folder):
        self.file = EventFileWriter(str(folder))

    def add_scalar(self, tag, value, step):
        self.add(Summary.Value(tag=tag, simple_value=value), step)

    def add(self, value, step):
        self.file.add_event(Event(step=step, wall_time=1.0, summary=Summary(value=[value])))

    def close(self):
        self.file.close()


def writer_of(kind, folder):
    if kind == "tensorboard":
        return Writer(folder)
    module = pytest.importorskip("torch.utils.tensorboard" if kind == "torch" else kind)
    return module.SummaryWriter(str(folder))


def numbers(rows):
    return [
        {key: value for key, value in row.items() if isinstance(value, int | float)} for row in rows
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_closed", [True, False])
def test_scalars_become_a_row_for_each_step(in_store, rows, kind, is_closed):
    pytest.importorskip("torch" if kind == "torch" else kind)
    run = tracker.init(project="p", sync_tensorboard=True)
    writer = writer_of(kind, in_store / "logs")
    for step in range(0, 600, 10):
        writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_scalar("a/accuracy", step / 1000, step)
    if is_closed:
        writer.close()
    rule = run._recorder.rules  # noqa: SLF001 - what charts go by
    assert rows() == [
        {
            "loss": pytest.approx(1 / (step + 1)),
            "a/accuracy": pytest.approx(step / 1000),
            "global_step": step,
        }
        for step in range(0, 600, 10)
    ]
    assert rule["a/accuracy"].step_metric == "global_step"
    if not is_closed:
        writer.add_scalar("loss", 1, 1)  # goes on as if nothing had been
        writer.close()


def test_they_come_while_the_run_goes_on(run, in_store):
    writer = Writer(in_store / "logs")
    seen = threading.Event()
    run.subscribe(lambda keys: seen.set() if "loss" in keys else None)
    writer.add_scalar("loss", 0.5, 3)
    assert seen.wait(30)
    assert run.summary["loss"] == 0.5
    run.finish()
    writer.close()


def test_folders_are_namespaces(run, in_store, rows):
    writers = [Writer(in_store / "logs" / name) for name in ("", "train", "other/deep")]
    for place, writer in enumerate(writers):
        writer.add_scalar("x", place, 5)
        writer.close()
    assert rows() == [
        {"x": 0, "global_step": 5},
        {"other/deep/x": 2, "other/deep/global_step": 5, "global_step": 5},
        {"train/x": 1, "train/global_step": 5, "global_step": 5},
    ]


def test_a_root_says_what_keys_are_relative_to_and_other_processes_are_followed(in_store, rows):
    Writer(in_store / "logs" / "old").close()
    tracker.tensorboard.patch(root_logdir=in_store / "logs")
    try:
        tracker.init(project="p", sync_tensorboard=True)
        writer = Writer(in_store / "logs" / "train")
        writer.add_scalar("x", 1, 0)
        writer.close()
        code = (
            "import sys; from tensorboard.summary.writer.event_file_writer import EventFileWriter\n"
            "from tensorboard.compat.proto.event_pb2 import Event\n"
            "from tensorboard.compat.proto.summary_pb2 import Summary\n"
            "w = EventFileWriter(sys.argv[1]); w.add_event(Event(step=2, summary=Summary(value=["
            "Summary.Value(tag='y', simple_value=3)]))); w.close()"
        )
        other = [sys.executable, "-c", code, str(in_store / "logs" / "elsewhere")]
        subprocess.run(other, check=True, timeout=120)
        found = rows()
    finally:
        tracker.tensorboard.unpatch()
    assert {"train/x": 1, "train/global_step": 0, "global_step": 0} in found
    assert {"elsewhere/y": 3, "elsewhere/global_step": 2, "global_step": 2} in found
    assert len(found) == 2


def test_what_was_there_before_and_what_comes_after_is_not_logged(in_store, back):
    early = Writer(in_store / "logs")
    early.add_scalar("x", 1, 1)
    with tracker.init(project="first", sync_tensorboard=True):
        inside = Writer(in_store / "logs")
        inside.add_scalar("x", 2, 2)
    with tracker.init(project="second", sync_tensorboard=True):
        again = Writer(in_store / "logs")
        again.add_scalar("x", 3, 3)
    late = Writer(in_store / "logs")
    for writer in (early, inside, again, late):
        writer.close()
    read = tracker.Api()
    for project, value in (("first", 2), ("second", 3)):
        rows = list(read.runs(project)[0].scan_history())
        assert [row["x"] for row in rows] == [value]


def test_media(run, in_store, back):
    writer = Writer(in_store / "logs")
    held = io.BytesIO()
    Image.new("RGB", (4, 3), (1, 2, 3)).save(held, "PNG")
    picture = Summary.Image(height=3, width=4, colorspace=3, encoded_image_string=held.getvalue())
    for place in range(2):
        writer.add(Summary.Value(tag=f"some/pictures/{place}", image=picture), 0)
    sound = tracker.Audio(np.zeros(80), sample_rate=8000).content
    writer.add(
        Summary.Value(
            tag="sound", audio=Summary.Audio(sample_rate=8000, encoded_audio_string=sound)
        ),
        0,
    )
    counts, edges = np.histogram(np.linspace(-1, 1, 1000) ** 3, bins=700)
    histogram = HistogramProto(
        min=-1, max=1, num=1000, bucket_limit=edges[1:].tolist(), bucket=counts.tolist()
    )
    writer.add(Summary.Value(tag="many bins", histo=histogram), 0)
    writer.file.add_event(Event(step=0, summary=text_pb("words", "a *word*")))
    run.finish()
    writer.close()
    read = back()
    images = read.get("some_pictures", 0)
    assert len(images) == 2
    assert np.asarray(images[1].image)[0, 0].tolist() == [1, 2, 3]
    assert read.get("sound", 0)[0].sample_rate == 8000
    found = read.get("many bins", 0)
    assert len(found.histogram) == 350
    assert sum(found.histogram) == pytest.approx(1000)
    assert (found.bins[0], found.bins[-1]) == (-1, 1)
    assert read.get("words", 0).to_value() == "a *word*"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_summary_writers_have_besides(run, in_store, back):
    torch = pytest.importorskip("torch.utils.tensorboard")
    writer = torch.SummaryWriter(str(in_store / "logs"))
    writer.add_text("words", "hello", 0)
    writer.add_histogram("weights", np.random.default_rng(0).normal(size=500), 0)
    writer.add_pr_curve("curve", np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.8, 0.3]), 0)
    writer.add_scalars("both", {"x": 1, "y": 2}, 4)
    writer.add_hparams({"lr": 0.1, "kind": "sgd", "nesterov": True}, {"final": 0.5})
    writer.close()
    read = back()
    assert read.config == {"lr": 0.1, "kind": "sgd", "nesterov": True}
    step = next(row["_step"] for row in read.scan_history() if "words" in row)
    assert read.get("words", step).to_value() == "hello"
    assert sum(read.summary["weights"]["values"]) == pytest.approx(500)
    assert read.get("curve", step).table.columns == ["recall", "precision"]
    assert (read.summary["both_x/both"], read.summary["both_y/both"]) == (1, 2)
    assert [value for key, value in read.summary.items() if key.endswith("/final")] == [0.5]


@pytest.mark.filterwarnings("ignore")  # TensorFlow says a lot
def test_tensorflow(run, in_store, rows):
    tf = pytest.importorskip("tensorflow")
    run.finish()
    tracker.init(project="p", sync_tensorboard=True)
    writer = tf.summary.create_file_writer(str(in_store / "logs"))
    with writer.as_default():
        for step in range(3):
            tf.summary.scalar("loss", 1 / (step + 1), step)
        tf.summary.histogram("weights", tf.ones([100]), 3)
        tf.summary.image("pictures", tf.zeros([2, 4, 4, 3]), 3)
        tf.summary.text("words", ["a", "b"], 3)
    *scalars, media = rows()
    assert scalars == [
        {"loss": pytest.approx(1 / (step + 1)), "global_step": step} for step in range(3)
    ]
    assert sum(media["weights"]["values"]) == 100
    assert media["pictures"]["count"] == 2
    assert media["words"]["_type"] == "text-file"


def test_a_record_that_is_half_there_is_read_when_it_is_whole(run, in_store, rows):
    writer = Writer(in_store / "source")
    for step in range(3):
        writer.add_scalar("x", step, step)
    writer.close()
    (source,) = (in_store / "source").iterdir()
    content = source.read_bytes()
    Writer(in_store / "target").close()
    with (in_store / "target" / "events.out.tfevents.2").open("wb", buffering=0) as file:
        seen = threading.Event()
        run.subscribe(lambda keys: seen.set() if "target/x" in keys else None)
        file.write(content[: len(content) - 30])
        assert seen.wait(30)
        file.write(content[len(content) - 30 :])
    found = [row["target/x"] for row in rows() if "target/x" in row]
    assert found == [0, 1, 2]


def test_what_cannot_be_read_is_a_sentence_and_the_others_are_logged(run, in_store, rows, capsys):
    writer = Writer(in_store / "logs")
    broken = Summary.Image(height=3, width=4, colorspace=3, encoded_image_string=b"no image")
    writer.add(Summary.Value(tag="picture", image=broken), 0)
    writer.add_scalar("x", 1, 0)
    writer.close()
    assert rows() == [{"x": 1, "global_step": 0}]
    said = "Not logged of what was written for TensorBoard: media that cannot be read (1)."
    assert said in capsys.readouterr().err


def test_a_file_that_is_gone_takes_no_other_with_it(run, in_store, rows, capsys):
    seen = threading.Event()
    run.subscribe(lambda keys: seen.set() if "x" in keys else None)
    for place, name in enumerate(("", "other")):
        writer = Writer(in_store / "logs" / name)
        writer.add_scalar("x", place, place)
        writer.close()
        assert seen.wait(30)
        for path in (in_store / "logs").glob("*tfevents*"):
            path.unlink()
    assert [row["global_step"] for row in rows()] == [0, 1]
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_patching_twice_and_undoing_it(alone):
    begin = EventFileWriter.__init__
    tracker.tensorboard.patch()
    with pytest.raises(UsageError, match="Tensorboard already patched"):
        tracker.tensorboard.patch()
    assert EventFileWriter.__init__ is not begin
    tracker.tensorboard.unpatch()
    assert EventFileWriter.__init__ is begin


def test_the_end_of_the_last_run_undoes_what_init_did(in_store):
    begin = EventFileWriter.__init__
    first = tracker.init(project="p", sync_tensorboard=True)
    second = tracker.init(project="p", sync_tensorboard=True, reinit="create_new")
    first.finish()
    assert EventFileWriter.__init__ is not begin
    second.finish()
    assert EventFileWriter.__init__ is begin


def test_the_package_tensorboard_is_not_needed(in_store):
    """A writer of another process is enough, such as tensorboardX's."""
    writer = Writer(in_store / "elsewhere")
    writer.add_scalar("x", 1, 4)
    writer.close()
    code = (
        "import shutil, sys, tracker\n"
        "sys.modules['tensorboard'] = None\n"
        "tracker.tensorboard.patch(root_logdir='logs')\n"
        "with tracker.init(project='p', sync_tensorboard=True):\n"
        "    shutil.copytree('elsewhere', 'logs')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=in_store, check=True, timeout=120)
    (run,) = tracker.Api().runs("p")
    assert (run.summary["x"], run.summary["global_step"]) == (1, 4)


def test_a_disabled_run_follows_nothing(alone):
    with tracker.init(mode="disabled", sync_tensorboard=True):
        writer = Writer(alone / "logs")
        writer.close()
