#!/bin/bash
# The same test of a descriptor's access mode answers otherwise under musl.
#
# open(2) and fcntl(2) say that the access mode of a descriptor is what O_ACCMODE
# leaves of its flags, and that it is one of O_RDONLY, O_WRONLY and O_RDWR. For a
# descriptor of O_PATH the kernel keeps the bit O_PATH beside an access mode of 0.
#
# One would expect "(fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY" to be true for it
# in every C library, as the mask is part of the kernel's interface.
#
# In musl 1.2.3 O_ACCMODE is 010000003: it contains O_PATH, since musl takes that
# bit for O_SEARCH and O_EXEC of POSIX. The comparison is false there, and true with
# glibc 2.36. The other way round, "flags & ~O_ACCMODE" loses O_PATH in musl alone:
# a program that reopens a path with these flags opens the file itself.
#
# The script needs gcc and apt with the archive of Debian 12 (amd64).
set -euo pipefail
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! apt-get download musl=1.2.3-1 musl-dev=1.2.3-1 >apt.log 2>&1; then
	cat apt.log >&2
	exit 1
fi
for package in *.deb; do
	dpkg -x "$package" tree
done

cat >mode.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

int main(void)
{
	int flags = fcntl(open("/", O_PATH), F_GETFL);

	printf("O_ACCMODE %o, read-only %s, O_PATH %s after the mask\n", O_ACCMODE,
	       (flags & O_ACCMODE) == O_RDONLY ? "yes" : "no",
	       flags & ~O_ACCMODE & O_PATH ? "there" : "gone");
	return 0;
}
C
gcc -o with-glibc mode.c
musl=tree/usr/lib/x86_64-linux-musl
gcc -static -nostdlib -nostdinc -fno-stack-protector -isystem tree/usr/include/x86_64-linux-musl \
	-o with-musl "$musl/crt1.o" "$musl/crti.o" mode.c "$musl/libc.a" -lgcc "$musl/crtn.o"

status=0
check() {
	local seen
	seen=$("./with-$1")
	echo "$1: $seen"
	if [ "$seen" != "$2" ]; then
		echo "  expected: $2" >&2
		status=1
	fi
}
check glibc "O_ACCMODE 3, read-only yes, O_PATH there after the mask"
check musl "O_ACCMODE 10000003, read-only no, O_PATH gone after the mask"
exit "$status"
