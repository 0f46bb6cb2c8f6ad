#!/bin/sh
# The image's side of the install contract: the hammer runs this in a chroot of the unpacked image, once, with proc, sys,
# dev and tmp mounted, after it wrote /etc/metal. Out comes a system that boots by kexec and from disk, and
# /etc/metal/boot-info.yaml. The values are those of /etc/metal/install.yaml, as shell variables.
set -eu
. /etc/metal/install.env

console=${METAL_CONSOLE%%,*}
kernel=$(readlink -f /vmlinuz)
initrd=$(readlink -f /initrd.img)
cmdline="console=$METAL_CONSOLE root=UUID=$METAL_ROOT_UUID init=/sbin/init net.ifnames=0 biosdevname=0 nvme_core.io_timeout=300"
system_name=$METAL_MACHINE_UUID

step() { echo "install.sh: $*"; }

# ---- who this machine is
step "name $METAL_HOSTNAME"
echo "$METAL_HOSTNAME" > /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost ip6-loopback\n' "$METAL_HOSTNAME" > /etc/hosts
tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id

# ---- who may log in: user metal exists in the image
step "user metal, ssh"
install -d -m 0700 -o metal -g metal /home/metal/.ssh
printf '%s\n' "$METAL_SSH_KEYS" > /home/metal/.ssh/authorized_keys
chown metal:metal /home/metal/.ssh/authorized_keys
chmod 0600 /home/metal/.ssh/authorized_keys
if [ -n "$METAL_PASSWORD" ]; then printf 'metal:%s\n' "$METAL_PASSWORD" | chpasswd --crypt-method SHA512; fi
rm -f /etc/ssh/ssh_host_*
for type in ed25519 ecdsa; do ssh-keygen -q -t $type -N '' -C "$METAL_HOSTNAME" -f /etc/ssh/ssh_host_${type}_key; done

# ---- network: leaf-facing NICs become lan0, lan1 in one bond that holds all addresses
network=/etc/systemd/network
lldp=/etc/metal/lldp
mkdir -p $lldp

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
tlv() { printf '%04x%s' $(($1 << 9 | ${#2} / 2)) "$2"; } # type, value in hex
# LLDP frame by which the leaf tells the control plane that this machine runs (IEEE 802.1AB; contract in
# docs: chassis id = MAC, port id = interface name, system name = machine uuid).
lldp_frame() { # NIC, MAC in hex
  printf '0180c200000e%s88cc' "$2"
  tlv 1 "04$2"
  tlv 2 "05$(hex "$1")"
  tlv 3 000a
  tlv 4 "$(hex "$1")"
  tlv 5 "$(hex "$system_name")"
  tlv 6 "$(hex "provisioned since $METAL_TIMESTAMP")"
  tlv 0 ''
}

number=0
for mac in $METAL_LAN_MACS; do
  nic=lan$number
  step "$nic is $mac"
  printf '[Match]\nPermanentMACAddress=%s\n\n[Link]\nName=%s\nMTUBytes=9000\n' "$mac" $nic > $network/1$number-$nic.link
  {
    printf '[Match]\nName=%s\n\n[Network]\nBond=bond0\n' $nic
    if [ $number = 0 ]; then echo PrimarySlave=yes; fi
  } > $network/1$number-$nic.network
  perl -e 'print pack "H*", $ARGV[0]' "$(lldp_frame $nic "$(echo "$mac" | tr -d :)")" > $lldp/$nic
  systemctl enable --quiet metal-lldp@$nic.service
  number=$((number + 1))
done
printf '[NetDev]\nName=bond0\nKind=bond\nMTUBytes=9000\nMACAddress=%s\n\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n' \
  "${METAL_LAN_MACS%% *}" > $network/20-bond0.netdev
{
  printf '[Match]\nName=bond0\n\n[Network]\nIPv6AcceptRA=no\n'
  for address in $METAL_ADDRESSES; do echo "Address=$address"; done
} > $network/20-bond0.network

: > /etc/resolv.conf
for server in $METAL_DNS_SERVERS; do echo "nameserver $server" >> /etc/resolv.conf; done
mkdir -p /etc/systemd/timesyncd.conf.d
if [ -n "$METAL_NTP_SERVERS" ]; then
  printf '[Time]\nNTP=%s\n' "$METAL_NTP_SERVERS" > /etc/systemd/timesyncd.conf.d/metal.conf
fi

# ---- boot loader, for every boot after the first (which is the hammer's kexec)
if [ "$METAL_FIRMWARE" = efi ]; then
  step "systemd-boot on the EFI system partition"
  esp=/boot/efi
  mkdir -p $esp/EFI/BOOT $esp/EFI/systemd $esp/loader/entries $esp/metal
  for place in EFI/BOOT/BOOTX64.EFI EFI/systemd/systemd-bootx64.efi; do
    cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi $esp/$place
  done
  cp "$kernel" $esp/metal/vmlinuz
  cp "$initrd" $esp/metal/initrd.img
  printf 'default metal.conf\ntimeout 0\n' > $esp/loader/loader.conf
  printf 'title %s\nlinux /metal/vmlinuz\ninitrd /metal/initrd.img\noptions %s\n' "$METAL_HOSTNAME" "$cmdline" \
    > $esp/loader/entries/metal.conf
  bootloader_id=systemd
else
  step "grub on $METAL_PRIMARY_DISK"
  grub-install --target=i386-pc --no-floppy --modules='part_gpt ext2 search_fs_uuid' "$METAL_PRIMARY_DISK"
  # Not by update-grub: it probes for 12 s to say the same. /vmlinuz and /initrd.img follow kernel updates.
  cat > /boot/grub/grub.cfg <<CFG
set timeout=0
search --no-floppy --fs-uuid --set=root $METAL_ROOT_UUID
linux /vmlinuz $cmdline
initrd /initrd.img
boot
CFG
  bootloader_id=grub
fi

systemctl enable --quiet "serial-getty@$console.service"
if [ -s /etc/metal/userdata ]; then systemctl enable --quiet metal-userdata.service; fi

cat > /etc/metal/boot-info.yaml <<INFO
kernel: $kernel
initrd: $initrd
cmdline: "$cmdline"
bootloader_id: $bootloader_id
INFO
# Everything in /usr is as new as /etc and /var: no first-boot updates of caches.
touch /etc/.updated /var/.updated
step done
