#!/usr/bin/env bash
# npm run bench: what a controller costs with this library, with another, and without any. Arguments: npm run bench -- --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
exec node --import tsx --conditions=@stackwright/source tools/bench/src/main.ts "$@"
