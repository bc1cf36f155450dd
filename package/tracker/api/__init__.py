"""The read side for users: projects, runs, their history, and SQL over the store."""

from tracker.api.api import Api, Project, sql
from tracker.api.run import Run
from tracker.api.runs import Runs
from tracker.api.sweeps import Sweep
from tracker.api.user import User

__all__ = ["Api", "Project", "Run", "Runs", "Sweep", "User", "sql"]
