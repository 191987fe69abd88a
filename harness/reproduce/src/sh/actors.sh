# All of it is given so many seconds.
if [ -z "$within" ]; then
	within=1 timeout -k 1 20 sh "$0"
	status=$?
	[ $status -gt 2 ] && echo "NOT as expected: no end after 20 seconds" && status=1
	exit $status
fi
export LC_ALL=C
place=$(mktemp -d) && chmod 755 "$place" || exit 2
trap 'kill $all 2> /dev/null; rm -r "$place"' EXIT
trap 'exit 3' TERM INT HUP

# What a process does: it takes commands, and says what came of each in a line.
# Commands run in children of its own, which have its credentials.
serve='
echo $$ > "$0.done"
while read -r command < "$0.do"; do
	if said=$(eval "$command" 2>&1); then
		set -f -- $said
		printf "%s\n" "${*:-ok}" > "$0.done"
	else
		printf "%s\n" "${said##*: }" > "$0.done"
	fi
done'

# Has a process begin: its name, and the command that makes it what it is.
begin() {
	name=$1
	shift
	mkfifo -m 666 "$place/$name.do" "$place/$name.done"
	"$@" setpriv --pdeathsig KILL sh -c "$serve" "$place/$name" &
	all="$all $!"
	read -r pid < "$place/$name.done"
	steps=$((steps + 1))
	printf '%2d  %s  begins: ok\n' $steps "$name"
}

# Has a process take a step: who, what, the expected outcome, the command.
step() {
	steps=$((steps + 1))
	printf '%s\n' "$4" > "$place/$1.do"
	read -r got < "$place/$1.done"
	printf '%2d  %s  %s: %s\n' $steps "$1" "$2" "$got"
	[ "$3" = "$got" ] || [ "$3" = anything ] && return
	printf '    NOT as expected, which is: %s\n' "$3"
	failed=1
}

failed=0 steps=0
