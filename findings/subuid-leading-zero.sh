#!/bin/bash
# Two readers of /etc/subuid read two different ranges from one line.
#
# The line is "root:0100000:65536": the first id has a leading zero, as a script
# writes it that pads its columns. subuid(5) says "numerical subordinate user ID"
# and names no base.
#
# One would expect that every reader takes the same range, 100000 to 165535, for
# decimal is what chown, /etc/passwd and the kernel's uid_map take.
#
# The two readers disagree:
#   - shadow 4.13 (getsubids, newuidmap) reads the number as a C compiler does: a
#     leading zero means octal, so the range begins at 32768. newuidmap reads its
#     arguments in this way, too: "newuidmap PID 0 0100000 1" maps 32768.
#   - unshare of util-linux 2.38.1 reads the same line as decimal, takes 100000
#     and hands it to newuidmap, which finds that the range is not root's.
# So "unshare --map-users=auto" is refused the range that it read from the file,
# and the message does not tell why. Later versions were not run.
#
# The script needs root: it binds a file of its own over /etc/subuid in a mount
# namespace of its own. It needs apt with the archive of Debian 12 (amd64).
set -euo pipefail
export LC_ALL=C

if [ "$(id -u)" != 0 ]; then
	echo "this script needs root" >&2
	exit 1
fi
if [ ! -e /etc/subuid ]; then
	echo "this script needs a file /etc/subuid to bind its own over" >&2
	exit 1
fi

if [ "${1-}" != inside ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	script=$(realpath "$0")
	cd "$work"
	packages=(
		util-linux=2.38.1-5+deb12u3
		uidmap=1:4.13+dfsg1-1+deb12u2
		libsubid4=1:4.13+dfsg1-1+deb12u2
	)
	if ! apt-get download "${packages[@]}" >apt.log 2>&1; then
		cat apt.log >&2
		exit 1
	fi
	for package in *.deb; do
		dpkg -x "$package" tree
	done
	printf 'root:0100000:65536\n' >subuid
	status=0
	tree/usr/bin/unshare --mount --propagation private \
		bash "$script" inside || status=$?
	exit "$status"
fi

mount --bind subuid /etc/subuid
PATH=$PWD/tree/usr/bin:$PATH
LD_LIBRARY_PATH=$(echo "$PWD"/tree/usr/lib/*-linux-gnu)
export PATH LD_LIBRARY_PATH

unshare --version
echo "shadow: uidmap 1:4.13+dfsg1-1+deb12u2"
echo "/etc/subuid: $(cat /etc/subuid)"

failed=0
# compare NAME WANTED SEEN
compare() {
	echo "$1: $3"
	if [ "$3" != "$2" ]; then
		echo "CHANGED: $1: expected: $2" >&2
		failed=1
	fi
}

compare "getsubids root" "0: root 32768 65536" "$(getsubids root)"

status=0
message=$(unshare --user --map-users=auto true 2>&1) || status=$?
compare "unshare --map-users=auto" \
	"newuidmap: uid range [0-65536) -> [100000-165536) not allowed" "$message"
compare "its exit status" 1 "$status"

# The child tells that it is in its namespace, then waits for the end of its
# input.
coproc child { exec unshare --user sh -c 'echo ready; read -r line || :'; }
pid=$child_PID
read -r _ <&"${child[0]}"
newuidmap "$pid" 0 0100000 1
map=$(awk '{ print $1, $2, $3 }' "/proc/$pid/uid_map")
echo >&"${child[1]}"
wait "$pid" || :
compare "newuidmap PID 0 0100000 1 wrote" "0 32768 1" "$map"

[ "$failed" = 0 ] || exit 1
echo "as described"
