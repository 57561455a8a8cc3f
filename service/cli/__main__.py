"""`python -m service.cli`: the same as `everafter`, also where its script isn't on the path."""

from __future__ import annotations

from service.cli import main

main()
