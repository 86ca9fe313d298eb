#!/usr/bin/env bash
# npm run soak: controllers under faults, and an auditor. Arguments: tools/soak/src/main.ts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
exec npx --no-install tsx --conditions=@stackwright/source tools/soak/src/main.ts "$@"
