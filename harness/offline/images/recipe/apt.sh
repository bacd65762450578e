# Lets apt and everything that asks for certificates believe the mirror, under the names that it answers to.
set -eu
. /etc/os-release
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/* /usr/sbin/policy-rc.d
cat > /etc/apt/sources.list.d/ubuntu.sources <<END
Types: deb
URIs: http://archive.ubuntu.com/ubuntu/
Suites: $VERSION_CODENAME
Components: main universe
Signed-By: /usr/share/keyrings/offline-mirror.gpg
END
printf 'Acquire::Languages "none";\n' > /etc/apt/apt.conf.d/90lean
printf 'force-unsafe-io\n' > /etc/dpkg/dpkg.cfg.d/90quick
if command -v update-ca-certificates > /dev/null; then update-ca-certificates > /dev/null; fi
