# Shell functions shared by the scripts; sourced by bash, from the top of the
# tree.

export LC_ALL=C.UTF-8

say() { printf '== %s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# The packages listed for any of the given purposes; without arguments all
# but the extra ones.
packages_for() {
    awk -v wanted=" $* " '
        /^#/ || NF == 0 { next }
        wanted == "  " && $2 == "extra" { next }
        {
            for (i = 2; i <= NF; i++)
                if (wanted == "  " || index(wanted, " " $i " ")) {
                    print $1
                    next
                }
        }' scripts/packages
}

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
        installed ]
}

# Prints those of its arguments that are not installed.
packages_missing() {
    local package
    for package; do
        package_installed "$package" || echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
        APT_LISTCHANGES_FRONTEND=none apt-get -q -y \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        "$@" </dev/null
}

apt_knows() {
    apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

# Installs what is missing of the packages listed for the given purposes.
# The package lists are fetched only when a package is not known or cannot be
# fetched, as on a fresh machine and on one not updated for long.
install_packages() {
    local missing package refreshed=
    mapfile -t missing < <(packages_missing $(packages_for "$@"))
    if [ ${#missing[@]} -eq 0 ]; then
        say "all packages needed are installed"
        return 0
    fi
    command -v apt-get >/dev/null ||
        die "this is not Debian; install by hand: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        if [ -t 0 ] && command -v sudo >/dev/null; then
            sudo -v
        else
            die "neither root nor sudo; install first: ${missing[*]}"
        fi
    fi
    for package in "${missing[@]}"; do
        if ! apt_knows "$package"; then
            say "apt-get update"
            apt update || die "apt-get update failed"
            refreshed=yes
            break
        fi
    done
    mapfile -t missing < <(
        for package in "${missing[@]}"; do
            if apt_knows "$package" || ! only_for_format "$package"; then
                echo "$package"
            fi
        done
    )
    [ ${#missing[@]} -gt 0 ] || return 0
    say "apt-get install ${missing[*]}"
    if ! apt install --no-install-recommends "${missing[@]}"; then
        [ -z "$refreshed" ] || die "apt-get install failed"
        say "apt-get update, and once more"
        apt update || die "apt-get update failed"
        apt install --no-install-recommends "${missing[@]}" ||
            die "apt-get install failed"
    fi
    stop_new_services "${missing[@]}"
}

only_for_format() {
    [ -z "$(packages_for build test demo | grep -Fx -- "$1")" ]
}

# Debian starts the servers as soon as they are installed. The tests start
# their own; a service that was there before is left alone.
stop_new_services() {
    local package
    for package; do
        case $package in
        redis-server | redis-sentinel | valkey-server | valkey-sentinel | \
            prometheus-redis-exporter)
            stop_service "$package"
            ;;
        esac
    done
}

stop_service() {
    say "stopping and disabling the new service $1"
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now "$1.service" || true
        return
    fi
    if [ -x "/etc/init.d/$1" ]; then
        as_root "/etc/init.d/$1" stop </dev/null >/dev/null 2>&1 || true
        as_root update-rc.d "$1" disable >/dev/null 2>&1 || true
    fi
    # In case the system that is installed here is booted some day.
    if command -v systemctl >/dev/null; then
        as_root systemctl --root=/ disable "$1.service" >/dev/null 2>&1 || true
    fi
}

# Configures anew with the options given the last time; cheap, and it leaves
# compiled objects alone when nothing has changed.
configure_tree() {
    if [ ! -s configure ] || [ configure.ac -nt configure ]; then
        autoconf --force || die "autoconf failed"
    fi
    if [ -x config.status ] && ./config.status --recheck >/dev/null 2>&1 &&
        ./config.status >/dev/null 2>&1 && [ -s config.mak ]; then
        return 0
    fi
    rm -f config.status config.mak
    ./configure -q || die "configure failed, see config.log"
}

jobs_here() { nproc 2>/dev/null || echo 2; }
