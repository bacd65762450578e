# Makes the mirror's keys in directory $1: a signing key for packages, an authority, and a certificate of its names.
set -eu
mkdir -p "$1" && cd "$1"
export GNUPGHOME="$1/gnupg"
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key "Offline mirror <mirror@example.invalid>" ed25519 sign never
gpg --batch --export > mirror.gpg
gpg --batch --armor --export > mirror.asc
openssl ecparam -name prime256v1 -genkey -noout -out authority.key
openssl req -x509 -new -key authority.key -days 3650 -subj "/CN=Offline mirror of this machine" -out authority.crt
openssl ecparam -name prime256v1 -genkey -noout -out server.key
openssl req -new -key server.key -subj "/CN=offline-mirror" -out server.csr
names=DNS:archive.ubuntu.com,DNS:security.ubuntu.com,DNS:download.docker.com,DNS:pypi.org,DNS:files.pythonhosted.org
names=$names,DNS:registry-1.docker.io,DNS:auth.docker.io,DNS:index.docker.io
printf 'subjectAltName=%s\n' "$names" > names
openssl x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 3650 \
    -extfile names -out server.crt
rm authority.key server.csr names  # nobody can sign another name with it
