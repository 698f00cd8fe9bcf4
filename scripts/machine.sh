# shellcheck shell=bash
# What this machine is and has: words for the other scripts, which source this file. Does nothing by itself.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export project

# The Rust that Cargo.toml asks for.
rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$project/Cargo.toml")
export rust_wanted

say() { printf '==> %s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }

# die WHAT [HINT]: one line, a hint on a line of its own, exit status 1.
die() {
	printf 'error: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }
in_ci() { [ "${CI:-}" = true ]; }

# at_least WANTED FOUND: versions compare by number, not by letter.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# rustup installs here and puts it on the PATH of the *next* login; we need it in this one.
use_rust() {
	local cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
	if [ -x "$cargo_bin/cargo" ]; then PATH="$cargo_bin:$PATH"; fi
}

has_rust() {
	have cargo && have rustc && at_least "$rust_wanted" "$(rustc --version 2>/dev/null | cut -d ' ' -f 2)"
}

# Where cargo builds, whoever moved it.
target_dir() { printf '%s\n' "${CARGO_TARGET_DIR:-$project/target}"; }

# may QUESTION: yes by itself for root and in CI; otherwise a person must say so.
may() {
	if [ "$(id -u)" = 0 ] || in_ci; then return 0; fi
	[ -t 0 ] || return 1
	local answer
	read -r -p "$1 [Y/n] " answer
	case $answer in '' | [Yy]*) return 0 ;; *) return 1 ;; esac
}

# system_packages WHY PACKAGE...: the distribution's packages, by their Debian names.
system_packages() {
	local why=$1 install='apt-get install -y --no-install-recommends' as_root=()
	shift
	have apt-get || die "this machine lacks what $why needs: $*" \
		"the names are Debian's; install their like with your package manager and run this again"
	if [ "$(id -u)" != 0 ]; then
		have sudo || die "$why needs these packages: $*" "as root: apt-get update && $install $*"
		as_root=(sudo)
	fi
	say "$why needs: $*"
	may "Install with '${as_root[*]} $install $*'?" ||
		die "not installed: $*" "run: ${as_root[*]} $install $*"
	"${as_root[@]}" apt-get update -qq
	# shellcheck disable=SC2086 # the command is words on purpose
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install -qq "$@" >/dev/null
}
