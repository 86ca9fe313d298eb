#!/usr/bin/env bash
# npm run e2e: the end-to-end suite, on real containers. Arguments are those of `vitest run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_debian_packages
install_npm_packages
build_processes
# What the tests of the podman driver run.
npx --no-install tsx --conditions=@stackwright/source packages/images/src/main.ts --only base:trixie >&2
exec npx --no-install vitest run --config tools/e2e/vitest.config.ts "$@"
