# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Holds a node's namespaces; started by node_up inside them. holder.bash DIR NAME VISIBLE...
# Its root is this machine's, with all that is written to it in DIR; VISIBLE are directories that both share.
set -e

dir=$1 name=$2 root=$1/root
shift 2

# Lines "mount point, type, options" of the cgroup mounts, version 1 and 2.
mapfile -t cgroups < <(awk '/ - cgroup2? / { print $5, $(NF - 2), $NF }' /proc/self/mountinfo)

mount --make-rprivate /
mount -t overlay -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" node "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for shared; do
	mkdir -p "$root/$shared"
	mount --bind "$shared" "$root/$shared"
done
# What this machine may have there is not the node's.
for own in /etc/{kubemoat,kubernetes,containerd,cni} /var/lib/{kubemoat,kubelet,etcd,cni} /var/log/{pods,containers}; do
	mkdir -p "$dir/own/$own" "$root/$own"
	mount --bind "$dir/own/$own" "$root/$own"
done
if [[ ${cgroups[0]} != '/sys/fs/cgroup cgroup2 '* ]]; then
	mount -t tmpfs -o mode=755 cgroup "$root/sys/fs/cgroup"
fi
for line in "${cgroups[@]}"; do
	read -r point type options <<< "$line"
	mkdir -p "$root/$point"
	case $type,$options in
	cgroup2,*) mount -t cgroup2 cgroup2 "$root/$point" ;;
	*name=systemd*) mount -t cgroup -o none,name=systemd cgroup "$root/$point" ;;
	*) mount -t cgroup -o "${options#rw,}" cgroup "$root/$point" ;;
	esac
done
mount -t bpf bpf "$root/sys/fs/bpf"
mkdir -p "$root"/run/{lock,netns} "$root/.old"
cd "$root"
pivot_root . .old
umount -l /.old
mount --make-rshared /
hostname "$name"
touch "$dir/holder.ready"
exec sleep infinity
