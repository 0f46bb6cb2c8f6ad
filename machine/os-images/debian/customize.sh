#!/bin/sh
# Finishes the unpacked image; mmdebstrap calls it with the image's root. Everything slow is done here, once, not at install.
set -eu
root=${1:?the root of the image}
here=$(dirname "$0")

# Owned by root, and modes that do not depend on whoever checked this out.
tar -C "$here/files" --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX -c . | tar -C "$root" -x --no-same-owner -p
chmod 0440 "$root/etc/sudoers.d/metal"
chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash --groups sudo metal
chroot "$root" passwd --quiet --lock root

# Nothing may be shared by two machines: ids and host keys are made at install.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf"
: > "$root/etc/machine-id"
: > "$root/etc/fstab"

# The image's own systemctl: the machine that builds may have none.
# First boot: ssh and the serial console count. Off is what waits, probes or writes without need.
chroot "$root" systemctl --root=/ --quiet enable systemd-networkd.service systemd-timesyncd.service ssh.service
chroot "$root" systemctl --root=/ --quiet disable systemd-networkd-wait-online.service systemd-network-generator.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer 2> /dev/null || true
chroot "$root" systemctl --root=/ --quiet mask getty@tty1.service systemd-pcrphase.service systemd-pcrphase-sysinit.service \
  systemd-pcrmachine.service systemd-boot-update.service systemd-binfmt.service systemd-rfkill.service systemd-rfkill.socket \
  systemd-hwdb-update.service systemd-firstboot.service modprobe@drm.service modprobe@fuse.service modprobe@configfs.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
  proc-sys-fs-binfmt_misc.automount

# Not /tmp, and not apt's lists: mmdebstrap keeps its own apt configuration in the image's /tmp until the end, and without it
# would clean the lists of the machine that builds.
rm -rf "$root"/var/cache/debconf/*-old "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/lib/dpkg/*-old
