# Makes an Ubuntu root file system an instance: the user, ssh, sudo, and a first process in systemd's place.
set -eu
id ubuntu > /dev/null 2>&1 || useradd -m -s /bin/bash -u 1000 ubuntu
for group in adm sudo cdrom dip; do usermod -aG "$group" ubuntu; done
printf 'ubuntu ALL=(ALL) NOPASSWD:ALL\n' > /etc/sudoers.d/90-cloud-init-users
chmod 440 /etc/sudoers.d/90-cloud-init-users
rm -f /etc/ssh/ssh_host_*
printf 'PasswordAuthentication no\nUseDNS no\n' > /etc/ssh/sshd_config.d/60-cloudimg-settings.conf
# What systemd, should a package bring it, would put in the place of these.
for name in systemctl reboot poweroff halt shutdown; do
    for folder in /usr/bin /usr/sbin; do
        dpkg-divert --quiet --local --rename --divert "$folder/$name.systemd" --add "$folder/$name"
    done
    [ "$name" = systemctl ] && path=/usr/bin/systemctl || path=/usr/sbin/$name
    printf '#!/bin/sh\nINSTANCE_PROGRAM=%s exec /usr/bin/python3 -S -m guest.systemctl "$@"\n' "$name" > "$path"
    sed -i '2i export PYTHONPATH=/usr/lib/instance' "$path"
    chmod 755 "$path"
done
dpkg-divert --quiet --local --rename --divert /usr/sbin/init.systemd --add /usr/sbin/init
printf '#!/bin/sh\nexport PYTHONPATH=/usr/lib/instance\nexec /usr/bin/python3 -S -m guest.init\n' > /usr/sbin/init
chmod 755 /usr/sbin/init
rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires
mkdir -p /etc/systemd/system/multi-user.target.wants /var/lib/cloud/seed/nocloud /etc/instance
chmod 700 /etc/instance /var/lib/cloud/seed
ln -s /usr/lib/systemd/system/ssh.service /etc/systemd/system/multi-user.target.wants/ssh.service
ln -s /usr/lib/systemd/system/cron.service /etc/systemd/system/multi-user.target.wants/cron.service
python3 -m compileall -q /usr/lib/instance
