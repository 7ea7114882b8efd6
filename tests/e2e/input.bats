# SPDX-License-Identifier: BSD-2-Clause
# Bad input never changes what is in force: none blocks, none costs more memory than its size, each says what it is.

load lib/guard

setup() {
	guard_setup
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	LIST=$CONF/apiserver.allow
	GOOD=$T/good
	cp "$LIST" "$GOOD"
	rm "$LIST"
}
teardown() { guard_teardown; }

# refused WORD: what lies there now is refused within 5 s (twice as many where the machine is busy) and 200 MiB, says
# WORD, and changes nothing.
refused() {
	code=0
	timeout 10 prlimit --as=$((200 << 20)) "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" reload \
		> "$T/output" 2> "$T/errors" || code=$?
	[ "$code" = 1 ] || fail "reload: exit $code: $(< "$T/errors")"
	told apiserver.allow
	told "$1"
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	rm -rf "$LIST"
	cp "$GOOD" "$LIST"
	exits 0 km reload
	rm "$LIST"
}

@test "what is no file to read: gone, a directory, a FIFO, a device, a socket, a loop of links" {
	refused 'does not exist'
	mkdir "$LIST"
	refused 'directory'
	mkfifo "$LIST"
	refused 'FIFO'
	mknod "$LIST" c 1 5
	refused 'device'
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$LIST"
	refused 'socket'
	ln -s "$LIST" "$LIST"
	refused 'loop of symbolic links'
}

@test "too much of it: a gigabyte, a line of 10 MB" {
	truncate -s 1G "$LIST"
	refused '256 MiB'
	head -c 10000000 /dev/zero | tr '\0' 1 > "$LIST"
	refused 'apiserver.allow:1:'
}

@test "other bytes: NUL, UTF-16, a binary, the first half of a list" {
	printf '10.0.0.1\0\n' > "$LIST"
	refused 'apiserver.allow:1:9'
	printf '10.0.0.1\n' | iconv -t UTF-16 > "$LIST"
	refused 'UTF-16'
	head -c 100000 "$KM" > "$LIST"
	refused 'apiserver.allow:1:'
	printf '10.0.0.1\n10.0.0.' > "$LIST"
	refused 'apiserver.allow:2:'
}

@test "swapped and rewritten while it is read: every state in force is one of the two" {
	cp "$GOOD" "$T/a"
	{
		cat "$GOOD"
		seq -f '198.18.%g.0/24' 0 255
	} > "$T/b"
	cp "$T/a" "$LIST"
	daemon_start
	# shellcheck disable=SC2016 # for the inner shell
	spawn writer bash -c 'while :; do cp "$1" "$3"; cp "$2" "$4"; mv "$4" "$3"; done' - "$T/a" "$T/b" "$LIST" "$T/new"
	stream in client 4 "$HOST4:6443"
	stream out stranger 4 "$HOST4:6443"
	streamed in served
	streamed out refused
}

@test "every file of an optional ConfigMap deleted: the last good policy stays" {
	cp "$GOOD" "$LIST"
	daemon_start
	rm "$CONF"/*
	within 5 has_problem refused
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	daemon_stop KILL
	daemon_start
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
}
