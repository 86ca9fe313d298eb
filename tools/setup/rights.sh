#!/usr/bin/env bash
# npm run rights: runs the integration suite, and writes down which of their rights the controllers have used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
used=$(mktemp -d)
trap 'rm -rf "$used"' EXIT
# Without the tests of the table: what they say of a new right is what is about to be mended.
mapfile -t tests < <(find tools/integration/src -name '*.test.ts' -not -path '*/rights/*')
STACKWRIGHT_RIGHTS="$used" npx --no-install vitest run "${tests[@]}" "$@"
npx --no-install tsx --conditions=@stackwright/source tools/integration/src/rights/main.ts "$used"
npm run --silent generate
