#!/bin/bash
# Two writers of one cpio format store two different wrong owners, silently.
#
# A user namespace often takes its ids from /etc/subuid, so a file may belong
# to uid 300000 and gid 400000. The cpio format "odc" (POSIX.1-1988) has six
# octal digits for each id: its greatest id is 262143.
#
# One would expect that a writer refuses an id that does not fit, or at least
# warns. If it stored a wrong id, one would expect the same id from each writer.
#
# Both writers exit with 0 and print nothing:
#   - bsdcpio (libarchive 3.6.2) stores the greatest id, 262143, for the uid and
#     for the gid. This is the format that it writes if one names none.
#   - GNU cpio 2.13 keeps the low 18 bits: 37856 for the uid, 137856 for the
#     gid. It warns only if one asks it to (-W truncate).
# Their manuals mention the limit of the old formats, or the option -W, but
# neither manual says which id is stored. Later versions were not run.
# The format "newc" has room: both writers store 300000 and 400000 there.
#
# The script needs no root. It needs apt with the archive of Debian 12 (amd64).
set -euo pipefail
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

packages=(
	cpio=2.13+dfsg-7.1
	libarchive-tools=3.6.2-1+deb12u5
	libarchive13=3.6.2-1+deb12u5
	libxml2=2.9.14+dfsg-1.3~deb12u6
	libicu72=72.1-3+deb12u1
)
if ! apt-get download "${packages[@]}" >apt.log 2>&1; then
	cat apt.log >&2
	exit 1
fi
for package in *.deb; do
	dpkg -x "$package" tree
done
libraries=$(echo "$work"/tree/usr/lib/*-linux-gnu)

gnu() { "$work/tree/bin/cpio" "$@"; }
bsd() { LD_LIBRARY_PATH=$libraries "$work/tree/usr/bin/bsdcpio" "$@"; }

gnu --version | sed -n 1p
bsd --version

echo text >file

# One reader reads every archive: the writers alone differ.
owner() { gnu -itvn --quiet <"$1" | awk '{ print $3 ":" $4 }'; }

failed=0
# check NAME WANTED COMMAND...: write an archive, compare exit status, messages
# and the stored owner.
check() {
	local name=$1 wanted=$2 status=0 stored
	shift 2
	echo file | "$@" >archive 2>messages || status=$?
	stored=$(owner archive)
	echo "$name: exit status $status, $(wc -c <messages) bytes of messages," \
		"asked for 300000:400000, stored $stored"
	if [ "$status" != 0 ] || [ -s messages ] || [ "$stored" != "$wanted" ]; then
		echo "CHANGED: $name: expected status 0, no message and $wanted" >&2
		cat messages >&2
		failed=1
	fi
}

check "bsdcpio, no format named" 262143:262143 bsd -o --quiet -R 300000:400000
check "bsdcpio, odc" 262143:262143 bsd -o -H odc --quiet -R 300000:400000
check "GNU cpio, odc" 37856:137856 gnu -o -H odc --quiet -R +300000:+400000
check "bsdcpio, newc" 300000:400000 bsd -o -H newc --quiet -R 300000:400000
check "GNU cpio, newc" 300000:400000 gnu -o -H newc --quiet -R +300000:+400000

# The format is the same: both archives begin with the magic number of odc.
for writer in bsd gnu; do
	magic=$(echo file | "$writer" -o -H odc --quiet | head -c 6)
	echo "$writer: magic number $magic"
	if [ "$magic" != 070707 ]; then
		echo "CHANGED: $writer: expected the magic number 070707" >&2
		failed=1
	fi
done

[ "$failed" = 0 ] || exit 1
echo "as described"
