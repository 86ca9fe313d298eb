# Starts a broker with these keys, beside nobody, and ends it once it has taken them. Prints what it says is wrong with them.
# Arguments: the exit code for that, a scratch directory, then the keys, as lines of rabbitmq.conf.
set -eu
refused=$1
scratch=$2
shift 2

printf '%s\n' 'listeners.tcp = none' "$@" > "$scratch/rabbitmq.conf"
printf '[rabbitmq_management,rabbitmq_prometheus].\n' > "$scratch/enabled_plugins"
export HOME="$scratch" RABBITMQ_NODENAME=check@localhost RABBITMQ_LOGS=-
export RABBITMQ_CONFIG_FILE="$scratch/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$scratch/enabled_plugins"
export RABBITMQ_MNESIA_BASE="$scratch/mnesia" RABBITMQ_PID_FILE="$scratch/pid"
PATH="/usr/lib/rabbitmq/bin:$PATH"
rabbitmq-server > "$scratch/log" 2>&1 &
broker=$!
trap 'kill "$broker" 2> /dev/null || true' EXIT
while kill -0 "$broker" 2> /dev/null; do
  # It says so when it has read its configuration, and before it does anything else.
  if grep -q 'Starting RabbitMQ ' "$scratch/log"; then exit 0; fi
  sleep 0.2
done
if ! grep -q 'preparing configuration' "$scratch/log"; then
  tail -n 5 "$scratch/log"
  exit 1
fi
sed -n '/BOOT FAILED/q; s/^.*\[error\] <[0-9.]*> *- //p' "$scratch/log"
exit "$refused"
