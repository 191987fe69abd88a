#!/bin/sh
# Prints what a process in the container is and may do. It is the container's command.
echo 'probe: begin'
echo "probe: uid_map $(tr -s ' \n' ' ;' < /proc/self/uid_map)"
echo "probe: gid_map $(tr -s ' \n' ' ;' < /proc/self/gid_map)"
echo "probe: setgroups $(cat /proc/self/setgroups)"
grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr -s '\t ' ' ' | sed 's/^/probe: /'
if said=$(setpriv --clear-groups true 2>&1); then
    echo 'probe: clear ok'
else
    echo "probe: clear $said"
fi
if [ ! -x /usr/bin/sudo ]; then
    echo 'probe: sudo is not there'
elif said=$(sudo -n -u daemon true 2>&1 < /dev/null); then
    echo 'probe: sudo ok'
else
    echo "probe: sudo $said" | head -n 1
fi
echo 'probe: end'
