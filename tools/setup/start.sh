#!/usr/bin/env bash
# npm start: from a bare clone to a control plane. Arguments are those of `stackwright up`; with --simulated it needs
# neither root nor Debian packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
if ! wants --simulated "$@" && ! wants --help "$@"; then
  install_debian_packages
fi
install_npm_packages
build_processes
exec node --enable-source-maps packages/cli/dist/main.js up "$@"
