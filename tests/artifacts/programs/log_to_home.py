"""Logs versions without end, to the remote home that it is given."""

import sys

import tracker

run = tracker.init(
    project="p", dir=".",
    settings={
        "silent": True, "console": False, "save_code": False, "system_interval_s": 0,
        "artifact_home": sys.argv[1],
    },
)  # fmt: skip
seed, count = sys.argv[2], int(sys.argv[3])
for number in range(count):
    artifact = tracker.Artifact("net", "model")
    for place in range(3):
        with artifact.new_file(f"f{place}", mode="wb") as file:
            # Those of an even number are the same for every process.
            file.write(f"{seed if number % 2 else ''} {number} {place}".encode() * 50_000)
    run.log_artifact(artifact)
    if number == 0:
        print("ready", flush=True)
run.finish()
