#!/bin/sh
# Starts a program with secrets in its environment: each file of /run/secrets holds the variable that it is named after.
set -eu
for file in /run/secrets/*; do
  [ -f "$file" ] || continue
  name=$(basename "$file")
  case $name in *[!A-Za-z0-9_]* | [0-9]*) continue ;; esac
  # Apart from `export`, which would hide that the file cannot be read.
  value=$(cat "$file")
  export "$name=$value"
done
exec "$@"
