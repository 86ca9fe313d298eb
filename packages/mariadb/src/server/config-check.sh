# Shows options to the server, which has to know them and to take their values, and starts none. Prints what it says is wrong,
# and nothing of all that it says otherwise. Arguments: the exit code for that, a scratch directory, then the options.
refused=$1
shift 2
said=$(mariadbd --no-defaults "$@" --verbose --help 2>&1 > /dev/null) && exit 0
printf '%s\n' "$said" | sed -n 's/^.*\[ERROR\] //p'
exit "$refused"
