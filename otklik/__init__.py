"""Otklik: self-hosted customer care in public."""

import os

# Our matrices are small: threads of the linear algebra library only wait for each other (measured: the same texts
# cost 1.7 times the processor time with two). It reads this when numpy is imported, so it is said before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
