"""Build tooling. `setup.py`, `base.py` and `run.py` use the standard library only."""
