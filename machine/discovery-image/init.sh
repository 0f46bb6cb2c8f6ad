#!/bin/sh
# The first process of the discovery image: mounts what the kernel offers, loads drivers for the hardware it names,
# and runs the hammer. When the hammer ends, for whatever reason, the machine starts over.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux LANG=C.UTF-8
# There is no udev here: device nodes come from devtmpfs, and these tools must not wait for it.
export DM_DISABLE_UDEV=1 MDADM_NO_UDEV=1

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=0620 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /tmp
echo 10 > /proc/sys/kernel/panic
# Only warnings go to the serial console: it is slow, and it is the hammer's.
echo 5 > /proc/sys/kernel/printk
[ -d /sys/firmware/efi/efivars ] && mount -t efivarfs -o nosuid,nodev,noexec efivarfs /sys/firmware/efi/efivars
# Discovery is IPv4 only. With IPv6, whoever shares the boot network could become our router by one advertisement.
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
ip link set lo up

echo "hammer: loading drivers"
# A driver can reveal a new bus with devices of its own (PCI, then virtio or SCSI), hence until nothing new appears.
before=
for pass in 1 2 3 4; do
  found=$(cat /sys/bus/*/devices/*/modalias 2>/dev/null)
  [ "$found" = "$before" ] && break
  before=$found
  echo "$found" | sort -u | xargs modprobe -abq 2>/dev/null
done
# These say nothing of themselves on any bus.
modprobe -abq ipmi_devintf sg macvtap dm_mod md_mod softdog 2>/dev/null

echo "hammer: starting"
cd /
node --no-warnings --max-old-space-size=256 /usr/lib/metal-hammer.cjs
echo "hammer: ended with code $?, restarting the machine in 5 s"
sync
sleep 5
reboot -f
