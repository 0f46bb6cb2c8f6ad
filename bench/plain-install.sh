#!/bin/sh
# The peer of an installation: the same system onto the same disk by plain tools, nothing checked, nothing reported.
# Full paths where busybox has an applet of its own that can do less. It stands in for the hammer in the discovery image; the words in braces are filled in by boot.ts.
set -e
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
echo "plain install: starts"
sgdisk --clear --new=1:0:+2M --typecode=1:ef02 --new=2:0:+256M --typecode=2:ef00 --new=3:0:0 --typecode=3:8300 /dev/vda > /dev/null
partx --update /dev/vda
mkfs.vfat -F 32 -n EFI /dev/vda2 > /dev/null 2>&1
mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -L root /dev/vda3
mkdir -p /rootfs
/usr/bin/mount -t ext4 /dev/vda3 /rootfs
mkdir -p /rootfs/boot/efi
/usr/bin/mount -t vfat /dev/vda2 /rootfs/boot/efi
wget -q -O /rootfs/image.zst "http://10.0.2.2:{port}/"
zstd -d -q --no-check --rm /rootfs/image.zst -o /rootfs/image.tar
/usr/bin/tar --extract --numeric-owner --blocking-factor=512 --directory=/rootfs --file=/rootfs/image.tar
rm /rootfs/image.tar
mkdir -p /rootfs/etc/metal
cat > /rootfs/etc/metal/install.env <<END
METAL_HOSTNAME=plain METAL_MACHINE_UUID=00000000-0000-0000-0000-000000000001 METAL_ROLE=machine
METAL_TIMESTAMP=2020-01-01T00:00:00Z METAL_FIRMWARE=bios METAL_CONSOLE=ttyS0,115200n8 METAL_PASSWORD=plain
METAL_SSH_KEYS="" METAL_ROOT_UUID=$(blkid -s UUID -o value /dev/vda3) METAL_PRIMARY_DISK=/dev/vda
METAL_LAN_MACS="$(cat /sys/class/net/eth0/address)" METAL_ADDRESSES=10.0.2.15/24 METAL_DNS_SERVERS="" METAL_NTP_SERVERS=""
END
: > /rootfs/etc/metal/userdata
for system in proc sys dev; do /usr/bin/mount --rbind /$system /rootfs/$system; done
/usr/bin/mount -t tmpfs tmpfs /rootfs/tmp
chroot /rootfs /install.sh > /dev/null
kexec --load --no-checks --initrd="$(echo /rootfs/boot/initrd.img-*)" --command-line="root=/dev/vda3" /rootfs/boot/vmlinuz-*
/usr/bin/umount -l /rootfs
sync
echo "plain install: ready to boot"
sleep 1000
