#!/usr/bin/env bash
# Resolves the .in files into lock files with hashes, for every platform. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
lock() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --custom-compile-command workers/torch/compile.sh "$@"
}
[ "${1:-}" = --all ] && lock requirements.in --output-file requirements.lock
lock requirements.in --override oldest.txt --output-file requirements-oldest.lock
# TRL shares .venv-torch: only what it needs beside requirements.lock, whose versions it takes.
omit=()
while read -r package; do omit+=(--no-emit-package "$package"); done < <(grep -oE '^[a-z0-9][a-z0-9.-]*' requirements.lock)
lock requirements-trl.in --constraint requirements.lock "${omit[@]}" --output-file requirements-trl.lock
