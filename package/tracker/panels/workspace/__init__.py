"""The workspace: a project's panels, how they are arranged, and what is saved."""
