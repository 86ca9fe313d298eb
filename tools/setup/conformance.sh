#!/usr/bin/env bash
# npm run conformance: what a Kubernetes API holds, of the cluster of KUBECONFIG or of a devcluster.
# Arguments: see packages/conformance/README.md, or --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/setup/lib.sh

need_node
install_npm_packages
if wants podman "$@"; then
  install_debian_packages
  # What the Pods of the tests run.
  npx --no-install tsx --conditions=@stackwright/source packages/images/src/main.ts --only base:trixie >&2
fi
exec npx --no-install tsx --conditions=@stackwright/source packages/conformance/src/cli.ts "$@"
