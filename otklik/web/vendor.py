"""The few third-party front-end files we serve, found in node_modules under the names the templates use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

_INTER = "@fontsource-variable/inter/files/inter-{subset}-wght-normal.woff2"
FILES = {
    "tabler/css/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "inter/files/inter-latin-wght-normal.woff2": _INTER.format(subset="latin"),
    "inter/files/inter-cyrillic-wght-normal.woff2": _INTER.format(subset="cyrillic"),
}


class _Renamed(FileSystemStorage):
    """node_modules under our names."""

    def path(self, name: str) -> str:
        return super().path(FILES.get(name, name))


class VendorFinder(BaseFinder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.root = Path(settings.ROOT) / "node_modules"
        self.storage = _Renamed(location=str(self.root))

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        source = FILES.get(path)
        found = [str(self.root / source)] if source and (self.root / source).is_file() else []
        return found if find_all else (found[0] if found else [])

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for name, source in FILES.items():
            if (self.root / source).is_file():
                yield name, self.storage
