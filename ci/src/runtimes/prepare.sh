# Prepares a place for a runtime, runs the row's commands there and traces them.
# Arguments: what is traced, "root" or a user with or without lines in /etc/subuid, seconds.
traced=$1 user=$2 seconds=$3
cd /
ip link set lo up
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# Numbers that no package has: the model's ordinary user, and a group of its own.
echo 'user:x:61234:61234::/home/user:/bin/sh' >> /etc/passwd
echo 'user:*:20000:0:99999:7:::' >> /etc/shadow
printf 'user:x:61234:\nextra:x:61235:user\n' >> /etc/group
mkdir -p /home/user /run/user/61234 /srv/bundle
chown 61234:61234 /home/user /run/user/61234 /srv/bundle
chmod 700 /run/user/61234
: > /etc/subuid
: > /etc/subgid
if [ "$user" = subordinate ]; then
    echo 'user:100000:65536' | tee /etc/subuid > /etc/subgid
fi
cp /run/field/probe /usr/bin/probe
chmod 755 /usr/bin/probe
sh -eu /run/field/setup > /run/field/prepared 2>&1 || { echo 'the setup failed' >> /run/field/prepared; exit 1; }
: > /run/field/stdout
: > /run/field/stderr
case $user in
    root) set -- ;;
    *) set -- -u user ;;
esac
export HOME=/root
if [ "$user" != root ]; then
    export HOME=/home/user XDG_RUNTIME_DIR=/run/user/61234 USER=user
fi
strace "$@" -f -qq -y -s 256 -o /run/field/trace -e signal=none -e "trace=$traced" \
    sh -u /run/field/run > /run/field/stdout 2> /run/field/stderr < /dev/null &
strace=$!
# A process that stays, such as one that holds the namespaces of a user's containers, must not hold the result.
waited=0
while kill -0 "$strace" 2> /dev/null && [ ! -e /run/user/61234/status ] && [ "$waited" -lt "$seconds" ]; do
    sleep 0.2
    waited=$((waited + 1))
done
if [ -e /run/user/61234/status ]; then
    cp /run/user/61234/status /run/field/status
fi
# It may wait for a process that stays. Both end with this one, which is the first of the namespace.
if kill -TERM "$strace" 2> /dev/null; then
    sleep 0.3
fi
