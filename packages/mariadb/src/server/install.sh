# Fills an empty volume. The system tables are made aside and moved into place, so that a Pod that is killed half-way leaves
# nothing that looks like a database. Arguments: the volume, and the data directory on it.
set -eu
volume=$1
data=$2

[ -d "$data" ] && exit 0
rm -rf "$volume/.installing"
mariadb-install-db --datadir="$volume/.installing" --skip-test-db \
  --auth-root-authentication-method=socket --auth-root-socket-user=mysql
mv "$volume/.installing" "$data"
