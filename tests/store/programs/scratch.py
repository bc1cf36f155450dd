"""Make a temporary folder with a file in it, say where it is, and wait for the input to end."""

from __future__ import annotations

import sys

from tracker.store.files.scratch import new_folder

folder = new_folder()
(folder / "file").write_text("of this process")
print(folder, flush=True)
sys.stdin.read()
