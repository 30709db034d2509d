#!/bin/sh
# MLflow on PostgreSQL, with artifacts in a bucket. The database's password is in the environment, not on the command
# line, which every process of the host can read, and not in an address, in which some characters mean something else.
set -eu
export PGPASSWORD="$POSTGRES_PASSWORD"
export MLFLOW_BACKEND_STORE_URI="postgresql://$POSTGRES_USER@$POSTGRES_HOST/mlflow"
exec mlflow server --host 0.0.0.0 --port 5000 --workers 2 --serve-artifacts \
  --artifacts-destination "$ARTIFACTS" --allowed-hosts "$ALLOWED_HOSTS"
