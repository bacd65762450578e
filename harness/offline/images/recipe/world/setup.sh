# Lays out what the mirror serves: packages with signed lists, Docker's repository, Python's index, an empty registry.
set -eu
. /etc/os-release
export GNUPGHOME=/keys/gnupg
chmod 700 "$GNUPGHOME"
mkdir -p /srv/registry /etc/instances /srv/pypi/simple

# Lists and signs the packages below $1 as suite $VERSION_CODENAME, all of them in component $2; $3 are empty ones.
publish() {
    cd "$1"
    for component in $2 $3; do
        list="dists/$VERSION_CODENAME/$component/binary-amd64"
        mkdir -p "$list"
        if [ "$component" = "$2" ]; then apt-ftparchive packages pool > "$list/Packages"; else : > "$list/Packages"; fi
        gzip -k "$list/Packages"
    done
    apt-ftparchive -o "APT::FTPArchive::Release::Suite=$VERSION_CODENAME" \
        -o "APT::FTPArchive::Release::Codename=$VERSION_CODENAME" -o "APT::FTPArchive::Release::Origin=Offline mirror" \
        -o APT::FTPArchive::Release::Architectures=amd64 -o "APT::FTPArchive::Release::Components=$2 $3" \
        release "dists/$VERSION_CODENAME" > Release
    gpg --batch --yes --clearsign -o "dists/$VERSION_CODENAME/InRelease" Release
    gpg --batch --yes --armor --detach-sign -o "dists/$VERSION_CODENAME/Release.gpg" Release
    mv Release "dists/$VERSION_CODENAME/Release"
}

# Makes package $1, which stands for Docker's own of that name by needing the distribution's packages $2.
stand_in() {
    mkdir -p /tmp/package/DEBIAN
    cat > /tmp/package/DEBIAN/control <<END
Package: $1
Version: 5:$(dpkg-deb -f /srv/ubuntu/pool/docker.io_*.deb Version | cut -d- -f1)-1~ubuntu
Architecture: amd64
Maintainer: Offline mirror <mirror@example.invalid>
Depends: $2
Section: admin
Priority: optional
Description: distribution's packages in the place of Docker's own
 Docker's repository was not in reach when the mirror was made: this installs $2.
END
    dpkg-deb --build --root-owner-group /tmp/package "/srv/docker/pool/$1.deb" > /dev/null
    rm -r /tmp/package
}

mkdir -p /srv/docker/pool
stand_in docker-ce "docker.io, docker-ce-cli, containerd.io"
stand_in docker-ce-cli "docker.io"
stand_in containerd.io "containerd, runc"
stand_in docker-buildx-plugin "docker-buildx"
stand_in docker-compose-plugin "docker-compose-v2"
cp /keys/mirror.asc /srv/docker/gpg
publish /srv/ubuntu main universe
publish /srv/docker stable ""
python3 /world/index.py /srv/pypi
