#!/usr/bin/env bash
# npm test: unit and integration tests. No container, no root. Arguments are those of `vitest run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
exec npx --no-install vitest run "$@"
