#!/bin/bash
# A Rust allocator unmaps the address -1 each time it takes memory.
#
# rlsf::GlobalTlsf is an allocator for Unix that takes memory from the kernel by
# the piece of 64 KiB. It first asks for the piece right behind the last one, with
# MAP_FIXED_NOREPLACE, so that both join.
#
# One would expect that it takes another piece where the kernel refuses that one
# (EEXIST: something else is there, which is usual, since Linux hands out
# addresses from the top down), and calls nothing else.
#
# rlsf 0.2.3 takes the result of the refused mmap(2), which is MAP_FAILED, for an
# address: it calls munmap(MAP_FAILED, 65536), which the kernel refuses with
# EINVAL, and then takes another piece. So a growing program makes three system
# calls for each 64 KiB and not one, and two of the three fail. The program
# works; who reads a trace of it for failed system calls finds hundreds.
#
# The script needs cargo with the index of crates, and strace.
set -euo pipefail
export LC_ALL=C

for program in cargo strace; do
	if ! command -v "$program" >/dev/null; then
		echo "this script needs $program" >&2
		exit 1
	fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat >Cargo.toml <<'EOF'
[package]
name = "grows"
version = "0.1.0"
edition = "2021"

[dependencies]
rlsf = "=0.2.3"
EOF
cat >src/main.rs <<'EOF'
#[global_allocator]
static ALLOCATOR: rlsf::GlobalTlsf = rlsf::GlobalTlsf::new();

// 256 blocks of 32 KiB, all of them kept: 8 MiB.
fn main() {
    let blocks: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte; 32 * 1024]).collect();
    assert!(blocks.iter().zip(0..=255).all(|(block, byte)| block.iter().all(|it| *it == byte)));
}
EOF
if ! cargo build --quiet 2>build.log; then
	cat build.log >&2
	exit 1
fi
echo "rlsf $(cargo tree --prefix none | awk '$1 == "rlsf" { print $2 }')"

strace -o trace -e trace=mmap,munmap target/debug/grows

refused=$(grep -c 'MAP_FIXED_NOREPLACE.* = -1 EEXIST' trace || :)
unmapped=$(grep -c 'munmap(0xffffffffffffffff, 65536) *= -1 EINVAL' trace || :)
taken=$(grep -c 'mmap(NULL, 65536, .*MAP_ANONYMOUS, -1, 0) = 0x' trace || :)
echo "pieces of 64 KiB that were taken anywhere: $taken"
echo "pieces that were refused with EEXIST: $refused"
echo "munmap(MAP_FAILED, 65536) = EINVAL: $unmapped"
grep -m 1 'munmap(0xffffffffffffffff' trace || :

if [ "$refused" -lt 100 ] || [ "$unmapped" != "$refused" ]; then
	echo "CHANGED: expected that each of 100 refused pieces or more is unmapped" >&2
	exit 1
fi
echo "as described"
