#!/usr/bin/env bash
# npm run bench: Outglow against the PyTorch yardsticks that can run here, taking turns in one run on an otherwise idle machine.
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
exec node dist/cli/main.js benchmark "${compare[@]}" "$@"
