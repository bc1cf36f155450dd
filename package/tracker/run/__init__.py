"""The logger: what a training process says, written down as it says it."""
