"""Measurements against the budgets. `bench/run.py` runs them, `bench/limits.py` knows the machine."""
