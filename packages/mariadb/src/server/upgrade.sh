# Brings the system tables of an older server to the form of this one, and does nothing where they have it; refuses data of a
# newer one, which this one would damage. Arguments: the data directory, the configuration, the socket.
set -eu
data=$1
config=$2
socket=$3

recorded=
for file in "$data/mariadb_upgrade_info" "$data/mysql_upgrade_info"; do
  [ -s "$file" ] && recorded=$(cat "$file") && break
done
own=$(mariadbd --no-defaults --version | sed -n 's/.*Ver \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p')
before=$(printf '%s\n' "$recorded" | sed -n 's/^\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p')
# Of a server before 10.0 nobody asks; where nothing is recorded, the tables were made by this one.
if [ -z "$own" ] || [ -z "$before" ] || [ "$own" = "$before" ]; then exit 0; fi

older=$(printf '%s\n%s\n' "$own" "$before" | sort -t . -k 1,1n -k 2,2n | head -n 1)
if [ "$older" = "$own" ]; then
  echo "the data is of MariaDB $before, and this is $own: a server does not go back to an older version" >&2
  exit 1
fi

echo "brings the system tables from MariaDB $before to $own"
mariadbd --defaults-file="$config" --skip-networking &
server=$!
trap 'kill "$server" 2> /dev/null || true; wait "$server" || true; exit 143' TERM INT
until mariadb-admin --no-defaults --socket="$socket" ping > /dev/null 2>&1; do
  kill -0 "$server" 2> /dev/null || { echo "the server has ended before it took connections" >&2; exit 1; }
  sleep 1
done
failed=0
mariadb-upgrade --no-defaults --socket="$socket" --user=mysql || failed=1
kill "$server"
wait "$server" || true
exit "$failed"
