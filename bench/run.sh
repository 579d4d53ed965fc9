#!/usr/bin/env bash
# npm run bench: Outglow against the PyTorch yardsticks that can run here, taking turns in one run on an otherwise idle machine; then
# scoring from files against scoring from memory, in WebAssembly against Node, and how soon help is there. With --case, --json or --profile, the benchmark alone.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build

compare=()
for python in /usr/bin/python3 python3; do
  if "$python" -c 'import torch' 2>/dev/null; then
    compare+=(--compare "$python bench/torch-glow.py")
    # An outside yardstick, where one lies beside the checkout.
    [ -f ../shared/peers/torch_glow.py ] && compare+=(--compare "$python ../shared/peers/torch_glow.py")
    break
  fi
done
[ ${#compare[@]} -gt 0 ] || echo "no python3 with torch: measuring Outglow alone (Debian: apt-get install python3-torch libopenblas0-pthread)" >&2
node dist/cli/main.js benchmark "${compare[@]}" "$@"
case " $* " in *" --case"* | *" --json "* | *" --profile "* | *" --help "* | *" -h "*) exit 0 ;; esac

# A detector of two flows of depth 8 and width 128, hardly trained: its speed does not depend on the weights.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
node dist/cli/main.js train --normal 'builtin#limit=500' --general builtin --channels 3 --depth 8 --width 128 \
  --steps 5 --general-steps 5 --out "$folder/detector" --quiet >/dev/null
node bench/folder-scoring.mjs "$folder/detector"
node bench/web-speed.mjs
node bench/help-time.mjs
