#!/bin/sh
# Maintainers only: rewrites both hash locks from pyproject.toml (needs uv on PATH or in $UV).
set -eu
cd "$(dirname "$0")/.."
UV="${UV:-uv}"
"$UV" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
"$UV" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements-dev.lock
