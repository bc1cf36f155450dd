"""The read side for users: projects, runs, their history, and SQL over the store."""

from tracker.api.api import Api, Project, sql
from tracker.api.files import File
from tracker.api.run import Run
from tracker.api.runs import Runs
from tracker.api.sweeps import Sweep
from tracker.api.user import User

__all__ = ["Api", "File", "Project", "Run", "Runs", "Sweep", "User", "sql"]

# `wandb.api` is W&B's client of its server: programs ask it whether somebody is logged in.
api_key = "none is needed"
default_entity = ""
