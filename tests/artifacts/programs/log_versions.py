"""Logs versions of two artifacts without end, some files shared between them."""

import sys

import tracker

run = tracker.init(
    project="p", dir=".",
    settings={"silent": True, "console": False, "save_code": False, "system_interval_s": 0},
)  # fmt: skip
seed = sys.argv[1]
for number in range(10_000):
    artifact = tracker.Artifact(f"net{number % 2}", "model")
    for place in range(5):
        with artifact.new_file(f"f{place}", mode="wb") as file:
            file.write(f"{seed} {number // 3} {place}".encode() * 20_000)
    run.log_artifact(artifact, aliases=[f"a{number % 3}"])
    if number == 0:
        print("ready", flush=True)
