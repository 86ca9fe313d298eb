# Starts a broker. Arguments: its configuration, the volume, the directories of its Pod's life and of its programs.
#
# Erlang wants its cookie in a file that nobody else can read, which a mounted Secret never is. And the broker does not start
# where its own name cannot be resolved: it is told, so that it does not depend on how soon the cluster's DNS knows the Pod.
#
# The first broker starts by itself; each other one joins it when it starts for the first time, and waits until it can: two
# that start without it would be a cluster of their own. Later each knows its cluster from its volume.
set -eu
umask 077
config=$1
data=$2
run=$3
programs=$4

cp "$config/erlang.cookie" "$run/.erlang.cookie.new"
mv -f "$run/.erlang.cookie.new" "$run/.erlang.cookie"
domain="${RABBITMQ_NODENAME#*.}"
first="rabbit@${POD_NAME%-*}-0.$domain"
# Brokers and their tools speak IPv4 with each other unless they are told otherwise; clients come by either.
case "${POD_IP:-}" in
  *:*)
    loopback='{0,0,0,0,0,0,0,1}'
    family='{inet6, true}.'
    protocol='-proto_dist inet6_tcp'
    ;;
  *)
    loopback='{127,0,0,1}'
    family=
    protocol=
    ;;
esac
{
  [ -z "$family" ] || echo "$family"
  printf '{host, %s, ["%s"]}.\n{lookup, [file, native]}.\n' "$loopback" "$POD_NAME.$domain"
} > "$run/inetrc"
# Read by the broker and by each tool, of whoever calls it.
{
  [ -z "$protocol" ] || printf 'SERVER_ADDITIONAL_ERL_ARGS="%s"\nCTL_ERL_ARGS="%s"\n' "$protocol" "$protocol"
} > "$run/env.conf"
mkdir -p "$run/conf.d"
{
  echo "cluster_formation.peer_discovery_backend = classic_config"
  echo "cluster_formation.classic_config.nodes.1 = $first"
  [ "$RABBITMQ_NODENAME" = "$first" ] || echo "cluster_formation.classic_config.nodes.2 = $RABBITMQ_NODENAME"
} > "$run/conf.d/peers.conf"
if [ "$RABBITMQ_NODENAME" != "$first" ] && [ ! -e "$data/mnesia/$RABBITMQ_NODENAME" ]; then
  trap 'exit 143' TERM
  until "$programs/rabbitmqctl" --node "$first" await_startup --timeout 60 > /dev/null 2>&1; do
    echo "waits for $first, to join its cluster"
    sleep 2
  done
fi
exec "$programs/rabbitmq-server"
