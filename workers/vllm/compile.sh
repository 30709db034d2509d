#!/usr/bin/env bash
# Resolves requirements.in into requirements.lock with hashes. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --override overrides.txt --custom-compile-command workers/vllm/compile.sh requirements.in --output-file requirements.lock
