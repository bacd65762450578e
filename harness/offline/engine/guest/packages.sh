#!/bin/sh
# apt-get, apt, dpkg and dpkg-query of an embedded container: says what the real ones say about packages,
# without a package archive. What install puts in place are commands that the machine already has.
root=${EMBEDDED_ROOT:-}
name=${0##*/}
list=$root/var/lib/apt/installed
read -r family release < "$root/etc/apt/release"
if [ "$family" = ubuntu ]; then archive=http://archive.ubuntu.com/ubuntu; else archive=http://deb.debian.org/debian; fi

installed() { grep -qx -- "$1" "$list" 2>/dev/null; }

update() {
    number=1
    for pocket in "" -updates -security; do
        echo "Get:$number $archive $release$pocket InRelease [126 kB]"
        number=$((number + 1))
    done
    echo "Reading package lists..."
    echo updated > "$root/var/lib/apt/lists/$release"
}

install() {
    echo "Reading package lists..."
    echo "Building dependency tree..."
    echo "Reading state information..."
    new=""
    for package in "$@"; do
        if [ ! -e "$root/var/lib/apt/lists/$release" ] && ! installed "$package"; then
            echo "E: Unable to locate package $package" >&2
            exit 100
        fi
        if installed "$package"; then echo "$package is already the newest version."; else new="$new $package"; fi
    done
    [ -z "$new" ] && return
    echo "The following NEW packages will be installed:"
    echo " $new"
    for package in $new; do
        echo "Setting up $package (embedded) ..."
        echo "$package" >> "$list"
        for place in "${EMBEDDED_MACHINE-/.machine}/usr/bin/$package" "${EMBEDDED_MACHINE-/.machine}/usr/sbin/$package"; do
            if [ -x "$place" ] && [ ! -e "$root/usr/bin/$package" ]; then ln -s "$place" "$root/usr/bin/$package"; fi
        done
    done
}

case $name in
dpkg | dpkg-query)
    [ "$1" = -s ] || [ "$1" = -W ] || [ "$1" = -l ] || { echo "$name: the embedded container knows -s, -W and -l" >&2; exit 2; }
    shift
    for package in "$@"; do
        case $package in -*) continue ;; esac
        installed "$package" || { echo "$name: no packages found matching $package" >&2; exit 1; }
        printf 'Package: %s\nStatus: install ok installed\n' "$package"
    done
    exit 0
    ;;
esac

verb=""
for word in "$@"; do
    shift
    case $word in
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else set -- "$@" "$word"; fi ;;
    esac
done
case $verb in
update) update ;;
install) install "$@" ;;
upgrade | dist-upgrade | full-upgrade) echo "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded." ;;
remove | purge | autoremove | clean | autoclean)
    for package in "$@"; do
        grep -vx -- "$package" "$list" > "$list.new"
        mv "$list.new" "$list"
    done
    ;;
"") echo "apt (embedded container)" ;;
*) echo "E: Invalid operation $verb" >&2; exit 100 ;;
esac
