"""What is written first: the append-only logs of runs and of sweeps."""
