# What instances reach of the world, in one container: nothing passes through it, so nothing leaves this machine.
# $WORLD is its own address and $PUBLIC the network of public addresses: who has none of these has no way out.
set -eu
ip address add 169.254.169.253/16 dev eth0
ip route replace default dev eth0
nft -f - <<END
table ip world {
    chain input {
        type filter hook input priority filter
        ip saddr != { $PUBLIC, 127.0.0.0/8 } tcp dport { 80, 443 } drop
    }
}
END
set -- --keep-in-foreground --no-resolv --no-hosts --user=root --hostsdir=/etc/instances
for name in archive.ubuntu.com security.ubuntu.com download.docker.com pypi.org files.pythonhosted.org \
    registry-1.docker.io auth.docker.io index.docker.io; do
    set -- "$@" "--address=/$name/$WORLD"
done
docker-registry serve /world/registry.yml > /var/log/registry.log 2>&1 &
nginx -c /world/nginx.conf
exec dnsmasq "$@" --log-facility=-
