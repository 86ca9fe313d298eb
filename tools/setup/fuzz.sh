#!/usr/bin/env bash
# npm run fuzz: the fuzz tests, each for FUZZ_SECONDS (15) instead of a moment, from other seeds each time. Arguments are those of `vitest run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
FUZZ_SECONDS=${FUZZ_SECONDS:-15} exec npx --no-install vitest run .fuzz.test.ts "$@"
