"""Run the stand-in that the first argument names: the entry of every stand-in that is written in Python."""

import os
import sys
from _signal import SIG_DFL, SIGINT, SIGPIPE, signal  # type: ignore[import-not-found]  # signal doubles the start
from importlib import import_module

sys.path.append(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # noqa: PTH120 - isolated mode

_MODULES = {
    "apt": "apt add-apt-repository apt-cache apt-get apt-key",
    "curl": "curl wget",
    "docker": "docker",
    "dpkg": "dpkg dpkg-query",
    "files": "chgrp chown stat which",
    "gpg": "gpg",
    "info": "hostname hostnamectl lsb_release ps ss uname",
    "openssh": "scp sftp ssh ssh-add ssh-keygen",
    "sudo": "newgrp sg su sudo",
    "systemctl": "halt init journalctl poweroff reboot service shutdown systemctl",
    "users": "addgroup adduser getent groupadd groups id passwd useradd usermod whoami",
}


def _main(name: str, arguments: list[str]) -> int:
    for module, names in _MODULES.items():
        if name in names.split():
            code: int = import_module(f"standins.{module}").main(name, arguments)
            return code
    sys.stderr.write(f"{name}: command not found\n")
    return 127


if __name__ == "__main__":
    # As any program, and as those that this one becomes: Python alone ignores a closed pipe.
    signal(SIGPIPE, SIG_DFL)
    signal(SIGINT, SIG_DFL)
    sys.exit(_main(sys.argv[1], sys.argv[2:]))
