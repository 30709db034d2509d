#!/usr/bin/env bash
# Resolves the .in files here into lock files with hashes, for every platform and for Python 3.10 and later, those of
# `npm run bench` for 3.11. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"

# Of MLflow's requirements the server imports only some. These are for its Python client, model flavours, job workers
# and other front ends; without them the installed size halves. Set-up therefore installs with --no-deps.
unused=(
  scikit-learn scipy joblib threadpoolctl skops narwhals pyarrow
  matplotlib contourpy cycler fonttools kiwisolver pyparsing pillow
  docker huey prettytable wcwidth gunicorn waitress pywin32
)
omit=()
for package in "${unused[@]}"; do omit+=(--no-emit-package "$package"); done

lock() {
  uv pip compile --quiet --universal --python-version "${python:-3.10}" --generate-hashes --no-emit-index-url \
    --custom-compile-command cli/setup/requirements/compile.sh "$1.in" --output-file "$1.lock" "${@:2}"
}
lock servers "${omit[@]}"
lock ffmpeg
lock uv
# It shares .venv with the servers.
lock engine-stub --constraint servers.lock
lock embedding-model --no-deps
lock s3-server
lock local-judge
lock local-judge-model --no-deps
# It has the torch of .venv-torch, which needs Python 3.11.
python=3.11 lock bench --constraint ../../../workers/torch/requirements.lock
