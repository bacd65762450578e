# What every shell of an embedded host reads first: its own built-in commands, too, take the host's absolute paths.
__host_map() {
  case $1 in
    "$HOST_ROOT" | "$HOST_ROOT"/* | "${SSH_AUTH_SOCK:-/dev/null}" | /dev/* | /proc | /proc/* | /sys/*) REPLY=$1 ;;
    /*) REPLY=$HOST_ROOT$1 ;;
    *) REPLY=$1 ;;
  esac
}
__host_mapped() {
  local __command=$1 __argument __arguments=()
  shift
  for __argument; do
    __host_map "$__argument"
    __arguments+=("$REPLY")
  done
  builtin "$__command" "${__arguments[@]}"
}
function test { __host_mapped test "$@"; }
function [ { __host_mapped [ "$@"; }
function pushd { __host_mapped pushd "$@"; }
function cd {
  __host_mapped cd "$@" || return
  case $PWD in "$HOST_ROOT" | "$HOST_ROOT"/*) ;; *) builtin cd "$HOST_ROOT" || return ;; esac
}
function pwd {
  local __here
  __here=$(builtin pwd "$@") || return
  __here=${__here#"$HOST_ROOT"}
  printf '%s\n' "${__here:-/}"
}
function . {
  __host_map "$1"
  builtin . "$REPLY" "${@:2}"
}
function source { . "$@"; }

case $- in
  *i*)
    unset BASH_ENV
    __host_where() {
      case $PWD in
        "$HOME" | "$HOME"/*) __host_here="~${PWD#"$HOME"}" ;;
        "$HOST_ROOT") __host_here=/ ;;
        *) __host_here=${PWD#"$HOST_ROOT"} ;;
      esac
    }
    PROMPT_COMMAND=__host_where
    HISTFILE=$HOME/.bash_history
    if builtin [ "$HOST_USER" = root ]; then
      PS1="root@$HOST_NAME:\${__host_here}# "
    else
      PS1="$HOST_USER@$HOST_NAME:\${__host_here}\$ "
    fi
    if builtin [ -r "$HOME/.bashrc" ]; then builtin . "$HOME/.bashrc"; fi
    ;;
esac
