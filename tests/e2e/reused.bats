# SPDX-License-Identifier: BSD-2-Clause
# A socket that is used for one connection after the other: what the guard knows of the first is not held against the next.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

# On the host: takes one connection to port 6443; once there is $T/go, connects the same socket from that port to
# ADDRESS:PORT and says what it got from there.
reuses() {
	spawn_on host reuses python3 -uc 'import ctypes, os, socket, sys, time
listener = socket.create_server((sys.argv[1], 6443))
print("ready")
taken, _ = listener.accept()
print("taken")
listener.close()
while not os.path.exists(sys.argv[4]):
    time.sleep(0.05)
ctypes.CDLL(None).connect(taken.fileno(), bytes(16), 16) # AF_UNSPEC: no longer connected
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind((sys.argv[1], 6443))
taken.settimeout(3)
taken.connect((sys.argv[2], int(sys.argv[3])))
taken.sendall(b"hello")
print("got", taken.recv(5).decode())' "$HOST4" "$1" "$2" "$T/go"
	within 3 grep -q ready "$T/reuses.out"
}

@test "a connection of the host's own on a socket whose last one the packet layer has revoked" {
	local end=$((EPOCHSECONDS + 6))
	server_start_on stranger far "$STRANGER4:9000"
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4 until $(moment $end)"
	km load
	reuses "$STRANGER4" 9000
	spawn_on stranger talks python3 -uc 'import socket, sys, time
s = socket.create_connection((sys.argv[1], 6443))
while True:
    s.send(b"x")
    time.sleep(0.1)' "$HOST4"
	within 3 grep -q taken "$T/reuses.out"
	# No daemon: the packet layer alone ends it, and remembers that.
	within 8 expect_count apiserver deny revoked 1
	touch "$T/go"
	within 5 grep -q got "$T/reuses.out"
}
