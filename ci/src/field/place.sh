# Makes a copy of a root, in memory, the root of this mount namespace, and becomes a command there.
# Arguments: the root, an empty directory, the directory for results, "sealed" or "open", the command.
root=$1 work=$2 out=$3 proc=$4
shift 4
enter=
if [ "$proc" = open ]; then
    # A cgroup of the place's own, with no controller: what a runtime makes is below it.
    mount -t cgroup2 cgroup2 "$work"
    own=$work/$(basename "$(dirname "$work")")
    # A place that ends removes those that are empty.
    until mkdir -p "$own" && echo 0 2> /dev/null > "$own/cgroup.procs"; do sleep 0.1; done
    umount "$work"
    enter='unshare --cgroup --'
fi
mount -t tmpfs -o mode=755 tmpfs "$work"
mkdir "$work/changes" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=$root,upperdir=$work/changes,workdir=$work/work" overlay "$work/root"
cd "$work/root"
mount -t proc proc proc
# Ids of processes that are like no uid or gid, so that messages can be compared.
echo 20000 > proc/sys/kernel/ns_last_pid || true
# The network belongs to the namespace above the program's: it may use no port below this one.
echo 0 > proc/sys/net/ipv4/ip_unprivileged_port_start
# Root of a user namespace whose uid 0 is the host's may write to a sysctl that has no check but its mode.
if [ "$proc" = sealed ]; then
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
fi
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    : > "dev/$node"
    mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mkdir -p run/field outside
mount --bind "$out" run/field
hostname field
echo '127.0.0.1 localhost field' > etc/hosts
pivot_root . outside
cd /
umount -l /outside
rmdir /outside
exec $enter "$@"
