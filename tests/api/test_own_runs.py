"""What a process has logged is there when the same process reads."""

from __future__ import annotations

import tracker


def test_what_was_just_logged_is_read_at_once(tmp_path) -> None:
    quiet = {"silent": True, "console": False, "system_interval_s": 0, "flush_interval_s": 600}
    with tracker.init(project="digits", dir=tmp_path, settings=quiet) as run:
        run.log({"loss": 1.0})
        api = tracker.Api(tmp_path)
        seen = api.run(f"digits/{run.id}")
        assert seen.state == "running"
        run.log({"loss": 0.5})
        run.summary["best"] = 0.5
        assert seen.history(samples=None)["loss"].tolist() == [1.0, 0.5]
        count = tracker.sql("select count(*) as n from history", dir=tmp_path)["n"].tolist()
        assert count == [2]
        assert [one.summary["best"] for one in api.runs("digits")] == [0.5]
