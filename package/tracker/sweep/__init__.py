"""Sweeps: what to try next, and when to stop trying it.

Pure functions over plain facts: no store, no run, no widget. The same trials and the same seed
give the same answer, so whoever keeps the trials needs to keep nothing else.
"""
