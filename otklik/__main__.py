"""`python -m otklik` is the same as `otklik`."""

from otklik.web.cli import main

raise SystemExit(main())
