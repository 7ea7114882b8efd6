# SPDX-License-Identifier: BSD-2-Clause
# The emulated machines, one for each of Debian's kernels by architecture and flavour: all that differs between them stands
# here.

limit=900 # seconds that a boot may take
programs=(kubemoat tests/tools/client tests/tools/server tests/tools/verified tests/kernels/property)

# machine ARCH: sets what builds and boots one.
machine() {
	case $1 in
	amd64)
		qemu=(qemu-system-x86_64 -accel "tcg,thread=multi" -cpu max)
		console=ttyS0
		static=build/static # where its programs are built
		cross=()            # what make is told for that
		busybox=/bin/busybox
		;;
	arm64 | arm64-16k)
		qemu=(qemu-system-aarch64 -M virt -accel "tcg,thread=multi")
		# A server's, with the atomic instructions that the kernel's JIT takes where it can; it has no pages of 16 KiB.
		if [ "$1" = arm64 ]; then qemu+=(-cpu neoverse-n1); else qemu+=(-cpu "max,pauth-impdef=on"); fi
		console=ttyAMA0
		static=build/arm64
		cross=(ARCH=arm64)
		busybox=${KM_CACHE:-/var/cache/kubemoat}/sysroot-arm64/bin/busybox
		;;
	*)
		echo "kernels: no machine for $1: tests/kernels/lib/machine.bash has amd64, arm64 and arm64-16k" >&2
		return 2
		;;
	esac
}

# Builds what runs there.
machine_build() {
	make --no-print-directory -j"$(nproc)" B="$static" STATIC=1 "${cross[@]}" "${programs[@]/#/$static/}" >&2
}

# machine_disk MODULES FILE: an initial RAM disk that is the whole machine.
machine_disk() {
	local root

	root=$(mktemp -d) || return
	mkdir -p "$root"/{bin,etc/kubemoat,proc,sys,dev,run,tmp,var/lib/kubemoat} &&
		cp "$busybox" "${programs[@]/#/$static/}" "$root/bin" &&
		cp tests/kernels/init tests/kernels/guest "$1"/*.ko "$root" &&
		(cd "$root" && find . | cpio --quiet -o -H newc) | gzip -1 >"$2"
	local status=$?
	rm -rf "$root"
	return "$status"
}

# machine_boot VMLINUZ DISK [NAME=VALUE]...: its console; the first process has those in its environment.
machine_boot() {
	local kernel=$1 disk=$2
	shift 2

	timeout "$limit" nice "${qemu[@]}" -smp 2 -m 2048 -nographic -no-reboot -nic none -kernel "$kernel" -initrd "$disk" \
		-append "console=$console quiet panic=-1 mitigations=off $*" </dev/null 2>&1 | tr -d '\r'
}
