#!/usr/bin/env bash
# npm run packages: packs what is published, and tries it in a project of its own outside of this workspace.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
exec npx --no-install vitest run --config tools/packaging/vitest.config.ts "$@"
