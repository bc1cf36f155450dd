"""One module, or a few, for each program that runs are imported from."""
