# Runs the row's commands in a user namespace. Arguments: the state, "command" or "daemon", seconds.
state=$1 kind=$2 seconds=$3
setpriv --groups 0,27,1000 unshare --user sh -euc '
    echo > /run/field/made
    read -r go < /run/field/go
    exec /usr/local/bin/begin /run/field/run
' > /run/field/stdout 2> /run/field/stderr < /dev/null &
pid=$!
read -r made < /run/field/made
userns=$(readlink "/proc/$pid/ns/user")
case $state in
    allow | deny | no-gid-map) map='0 0 65536' ;;
    one-id-allow | one-id-deny) map='0 0 1' ;;
esac
echo "$map" > "/proc/$pid/uid_map"
case $state in deny | one-id-deny) echo deny > "/proc/$pid/setgroups" ;; esac
case $state in no-gid-map) ;; *) echo "$map" > "/proc/$pid/gid_map" ;; esac
cat "/proc/$pid/uid_map" "/proc/$pid/gid_map" "/proc/$pid/setgroups" > /run/field/namespace
echo > /run/field/go
# The processes of the namespace.
inside() {
    for process in /proc/[0-9]*; do
        if [ "$(readlink "$process/ns/user" 2> /dev/null || true)" = "$userns" ]; then
            echo "$process"
        fi
    done
}
if [ "$kind" = daemon ]; then
    sleep "$seconds"
    for process in $(inside); do
        # One that ends meanwhile is not among them.
        grep -E '^(Name|State|Uid|Gid|Groups):' "$process/status" 2> /dev/null | tr -s '\t ' ' ' | tr '\n' ';' || true
        echo
    done > /run/field/workers
    kill -0 "$pid" 2> /dev/null && echo running > /run/field/running
    for process in $(inside); do kill -KILL "${process#/proc/}" 2> /dev/null || true; done
fi
status=0
wait "$pid" || status=$?
echo "$status" > /run/field/status
for process in $(inside); do kill -KILL "${process#/proc/}" 2> /dev/null || true; done
