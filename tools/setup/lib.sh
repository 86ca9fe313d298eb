# shellcheck shell=bash
# What start.sh, test.sh and e2e.sh share. Sourced, after `set -euo pipefail`, from the root of the clone.

# Progress goes to stderr: stdout is for what a command was asked for.
say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE [HINT…]: one clear error, then what to do about it.
fail() {
  printf 'stackwright: %s\n' "$1" >&2
  shift
  [ "$#" -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# wants FLAG ARGUMENTS…: whether the user gave that flag.
wants() {
  local flag=$1 argument
  shift
  for argument in "$@"; do
    [ "$argument" != "$flag" ] || return 0
  done
  return 1
}

need_node() {
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 ||
    fail 'Node.js and npm are needed and were not found.' 'Install Node.js 20.19 or newer: https://nodejs.org/en/download'
  node tools/setup/node-version.mjs || exit 1
}

# need_space MEGABYTES DIRECTORY WHAT
need_space() {
  local free
  free=$(($(df -Pk "$2" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free" -ge "$1" ] || fail "$3 needs $1 MB on the file system of $2, which has $free MB left." 'Free some space and run this again.'
}

# The npm packages of package-lock.json, when they are not there already.
install_npm_packages() {
  node tools/setup/npm-packages-installed.mjs && return
  need_space 800 "$PWD" 'Installing the npm packages'
  say '==> Installing the npm packages of package-lock.json into ./node_modules (npm ci, about 350 MB)'
  local started=$SECONDS
  npm ci --no-audit --no-fund --loglevel=error >&2 ||
    fail 'npm ci failed (its output is above).' 'The npm registry must be reachable: npm config get registry' 'Then run this again.'
  say "    done in $((SECONDS - started)) s"
}

# The Debian packages of packages/images/prerequisites.json, when they are not there already.
install_debian_packages() {
  [ "$(id -u)" -eq 0 ] ||
    fail 'Running real containers needs root, and this is not root.' \
      'Run it as root (sudo npm start), or without containers: npm start -- --simulated'
  local packages
  packages=$(node tools/setup/missing-debian-packages.mjs)
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    fail "These programs are missing, and there is no apt-get to install them with: $(echo $packages)" \
      'Install them with the package manager of this machine, or run without containers: npm start -- --simulated'
  need_space 1000 /var 'Installing the Debian packages'
  say '==> Installing Debian packages (apt-get update, apt-get install --no-install-recommends):'
  node tools/setup/missing-debian-packages.mjs --why >&2
  local started=$SECONDS
  quietly apt-get update || fail 'apt-get update failed (its output is above).' 'Check /etc/apt/sources.list and the network, then run this again.'
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive quietly apt-get install --yes --no-install-recommends $packages ||
    fail 'apt-get install failed (its output is above).' 'Mend what it names, then run this again.'
  say "    done in $((SECONDS - started)) s"
}

# quietly COMMAND…: shows the output only when the command failed.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# One self-contained file per process: packages/<name>/dist/main.js.
build_processes() {
  local started=$SECONDS main pids=() pid
  for main in packages/*/src/main.ts; do
    node tools/workspace/bundle.mjs "${main%/src/main.ts}" --main-only >&2 &
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || fail 'Bundling a process failed (its output is above).'
  done
  say "==> Built the processes in $((SECONDS - started)) s"
}
