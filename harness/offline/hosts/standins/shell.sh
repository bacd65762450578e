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
# Where a redirection to a path that a variable holds goes, by the rule of redirects.py.
__host_target() {
  __host_map "$1"
  case $1 in
    /home/ubuntu/* | /tmp/* | /var/tmp/* | /run/user/1000/*) ;;
    *) builtin [ "$HOST_USER" = root ] || builtin [ -f "$REPLY" ] || REPLY=$1 ;;
  esac
  printf %s "$REPLY"
}
# What of a text __host_rewritten may change: a redirection to a path or variable, a command named by its path.
__host_touched='[<>][[:space:]"'\'']*[/$]|(^|[;&|({[:space:]])/'
__host_rewritten() { "$HOST_PYTHON" -I -S "$HOST_STANDINS/../redirects.py" "$HOST_ROOT" "$HOST_USER"; }

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
    # Enter has a typed line rewritten, then accepts it. What follows a line that is not complete (PS2) is left alone:
    # it may be a document's. The root is shown by its variable, unless single quotes would keep it from its value.
    __host_typed() {
      if builtin [ -n "$__host_goes_on" ] || ! [[ $READLINE_LINE =~ $__host_touched ]]; then return; fi
      local __line
      __line=$(__host_rewritten <<< "$READLINE_LINE")
      case $__line in *\'*) ;; *) __line=${__line//"$HOST_ROOT"/'$HOST_ROOT'} ;; esac
      READLINE_LINE=$__line READLINE_POINT=${#__line}
    }
    bind -x '"\e[200;1~": __host_typed'
    bind '"\e[200;2~": accept-line' '"\C-m": "\e[200;1~\e[200;2~"' '"\C-j": "\e[200;1~\e[200;2~"'
    PS2='${__host_goes_on:=> }'
    PROMPT_COMMAND='__host_goes_on=; __host_where'
    HISTFILE=$HOME/.bash_history
    if builtin [ "$HOST_USER" = root ]; then
      PS1="root@$HOST_NAME:\${__host_here}# "
    else
      PS1="$HOST_USER@$HOST_NAME:\${__host_here}\$ "
    fi
    if builtin [ -r "$HOME/.bashrc" ]; then builtin . "$HOME/.bashrc"; fi
    ;;
  *s*)
    # Its own text comes by standard input. What is left of that by the commands in the text, they read there as well.
    exec {__host_input}<&0 0< <(__host_rewritten <&"$__host_input")
    exec {__host_input}<&-
    ;;
  *c*) ;;
  *)
    # A script, which bash has open already: the same again where its text must be another.
    __host_script=$(< "$0")
    if [[ $__host_script =~ $__host_touched ]]; then
      exec /bin/bash "-${-//[hB]/}c" "$(__host_rewritten < "$0")" "$0" "$@"
    fi
    unset __host_script
    ;;
esac
