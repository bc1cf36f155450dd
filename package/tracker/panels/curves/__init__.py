"""Charts of curves: of runs, of groups, of expressions."""
