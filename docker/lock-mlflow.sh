#!/usr/bin/env bash
# Resolves mlflow.in into mlflow.lock with hashes, for the image's Python on Linux. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
uv pip compile --quiet --python-version 3.11 --python-platform linux --generate-hashes --no-emit-index-url \
  --custom-compile-command docker/lock-mlflow.sh mlflow.in --output-file mlflow.lock
