"""Videos of environments, and trainings by Stable-Baselines3."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import tracker
from tracker.errors import TrackerWarning, UsageError

pytest.importorskip("gymnasium")
pytest.importorskip("moviepy")
pytest.importorskip("pygame")

import gymnasium
from gymnasium.wrappers import RecordVideo

# Environments are wrapped as they are, and moviepy leaves files to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore")


def play(folder, episodes=2, **options):
    environment = RecordVideo(
        gymnasium.make("CartPole-v1", render_mode="rgb_array"), str(folder), **options
    )
    for _ in range(episodes):
        environment.reset(seed=0)
        is_over = False
        while not is_over:
            _, _, *ends, _ = environment.step(0)
            is_over = any(ends)
        tracker.log({"episodes": 1})
    environment.close()


def test_videos_join_the_step_that_is_open(in_store, rows):
    tracker.init(project="p", monitor_gym=True)
    play(in_store / "videos", episode_trigger=lambda episode: True)
    found = rows()
    assert [sorted(row) for row in found] == [["episodes"], ["episodes", "videos"], ["videos"]]
    assert found[0]["episodes"] == 1
    assert found[1]["videos"]["_type"] == "video-file"
    content = (in_store / "videos" / "rl-video-episode-1.mp4").read_bytes()
    assert tracker.Api().runs("p")[0].get("videos", 2).content == content


def test_videos_of_several_environments(in_store, rows):
    tracker.init(project="p", monitor_gym=True)
    several = gymnasium.make_vec("CartPole-v1", num_envs=2, render_mode="rgb_array")
    environments = gymnasium.wrappers.vector.RecordVideo(
        several, str(in_store / "videos"), step_trigger=lambda step: step == 0, video_length=3
    )
    environments.reset(seed=0)
    for _ in range(6):
        environments.step(np.array([0, 1]))
    environments.close()
    assert [sorted(row) for row in rows()] == [["videos"]]


def test_nothing_is_logged_without_asking_or_afterwards(in_store, rows):
    original = RecordVideo.stop_recording
    with tracker.init(project="p", monitor_gym=True):
        assert RecordVideo.stop_recording is not original
    assert RecordVideo.stop_recording is original
    tracker.init(project="p")
    play(in_store / "videos", episodes=1)
    assert [sorted(row) for row in rows()] == [["episodes"]]


def test_a_video_that_is_none_is_a_sentence(in_store, rows, capsys, monkeypatch):
    from moviepy.video.io.ImageSequenceClip import ImageSequenceClip

    def write(self, path, **_):
        with open(path, "wb") as file:  # noqa: PTH123 - as moviepy does
            file.write(b"")

    monkeypatch.setattr(ImageSequenceClip, "write_videofile", write)
    tracker.init(project="p", monitor_gym=True)
    play(in_store / "videos", episodes=1)
    assert "The video rl-video-episode-0.mp4 is not logged" in capsys.readouterr().err
    assert [sorted(row) for row in rows()] == [["episodes"]]


def test_without_gymnasium_a_run_says_so_and_goes_on(in_store, monkeypatch):
    monkeypatch.delitem(sys.modules, "tracker.integrations.gym", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    monkeypatch.setattr("tracker.integrations.find_spec", lambda name, *_: None)
    with pytest.warns(TrackerWarning, match=r"monitor_gym has no effect.*pip install gymnasium"):
        run = tracker.init(project="p", monitor_gym=True)
    run.finish()


def learn(model, **options):
    from tracker.integration.sb3 import WandbCallback

    return model.learn(total_timesteps=128, callback=WandbCallback(**options))


def a_model(folder):
    sb3 = pytest.importorskip("stable_baselines3")
    return sb3.PPO(
        "MlpPolicy", "CartPole-v1", n_steps=32, batch_size=16, n_epochs=2, seed=0, device="cpu",
        tensorboard_log=str(folder / "runs"),
    )  # fmt: skip


def test_stable_baselines(in_store, back):
    pytest.importorskip("stable_baselines3")
    run = tracker.init(project="p", sync_tensorboard=True, config={"n_steps": 3})
    model = learn(
        a_model(in_store), model_save_path=in_store / "models", model_save_freq=64,
        gradient_save_freq=4, log="all", verbose=2,
    )  # fmt: skip
    read = back()
    assert read.config["algo"] == "PPO"
    assert read.config["n_steps"] == 3
    assert read.config["batch_size"] == 16
    assert read.config["gamma"] == 0.99
    assert "rollout/ep_rew_mean" in read.summary
    assert "gradients/action_net.weight" in read.summary
    read.file("model.zip").download(root=str(in_store / "fetched"))
    again = type(model).load(in_store / "fetched" / "model.zip", device="cpu")
    ours, theirs = (each.policy.state_dict() for each in (again, model))
    assert all(ours[name].equal(theirs[name]) for name in theirs)
    assert run.id == read.id


def test_videos_of_stable_baselines(in_store, rows):
    vectors = pytest.importorskip("stable_baselines3.common.vec_env")
    tracker.init(project="p", monitor_gym=True)
    inner = vectors.DummyVecEnv([lambda: gymnasium.make("CartPole-v1", render_mode="rgb_array")])
    recorder = vectors.VecVideoRecorder(
        inner, str(in_store / "videos"), record_video_trigger=lambda step: step == 0, video_length=3
    )
    recorder.reset()
    for _ in range(6):
        recorder.step(np.array([0]))
    recorder.close()
    assert [sorted(row) for row in rows()] == [["videos"]]


def test_what_the_callback_is_given_wrongly(in_store, capsys):
    pytest.importorskip("stable_baselines3")
    from tracker.integration.sb3 import WandbCallback

    with pytest.raises(UsageError, match="before WandbCallback"):
        WandbCallback()
    tracker.init(project="p")
    with pytest.raises(UsageError, match="you have to set the `model_save_path`"):
        WandbCallback(model_save_freq=3)
    assert WandbCallback(log="some").log == "all"
    assert "falling back to 'all'" in capsys.readouterr().err
