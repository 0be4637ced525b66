# Shell functions for what the tests can do without: packages marked "extra" in
# scripts/packages, and client libraries from npm. Nothing here fails: what
# cannot be had is named, and the tests that need it are skipped. Sourced by
# bash after scripts/lib.sh.

# extra_packages [backports]: those that are missing, without or with those
# that come from the backports.
extra_packages() {
    local package purpose note
    while read -r package purpose note; do
        [ "$purpose" = extra ] || continue
        [ "$note" = backports ] && [ "${1:-}" != backports ] && continue
        [ "$note" != backports ] && [ "${1:-}" = backports ] && continue
        case $note in
        command:*) command -v "${note#command:}" >/dev/null && continue ;;
        esac
        package_installed "$package" || echo "$package"
    done < <(grep -v '^#' scripts/packages)
}

may_install() {
    command -v apt-get >/dev/null && {
        [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
    }
}

# The sources of the distribution and of its backports, from the mirror that
# this machine uses already; one-line format. Nothing when it is not Debian.
backports_sources() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$codename" ] || return 0
    apt-get indextargets \
        --format '$(CODENAME) $(REPO_URI) $(COMPONENT) $(ORIGIN)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v codename="$codename" '
            $1 == codename && $3 == "main" && $4 == "Debian" {
                print "deb " $2 " " codename " main"
                print "deb " $2 " " codename "-backports main"
                exit
            }'
}

# Runs apt-get with the sources in DIRECTORY and lists of its own: the sources
# of the machine stay as they are.
apt_apart() {
    local directory=$1
    shift
    apt -o Dir::Etc::SourceList="$directory/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$directory/lists" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Sandbox::User=root "$@"
}

install_from_backports() {
    local directory status=0 codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    directory=$(mktemp -d)
    backports_sources >"$directory/sources.list"
    if [ -s "$directory/sources.list" ]; then
        mkdir -p "$directory/lists/partial"
        apt_apart "$directory" update &&
            apt_apart "$directory" install --no-install-recommends \
                "${@/%//$codename-backports}" || status=1
    else
        status=1
    fi
    as_root rm -rf "$directory"
    return "$status"
}

# One by one: what one lacks must not keep the others away.
install_extra_packages() {
    local package plain backports
    mapfile -t plain < <(extra_packages)
    mapfile -t backports < <(extra_packages backports)
    [ $((${#plain[@]} + ${#backports[@]})) -gt 0 ] || return 0
    if ! may_install; then
        say "not installed, tests are skipped: ${plain[*]} ${backports[*]}"
        return 0
    fi
    for package in "${plain[@]}" "${backports[@]}"; do
        # The lists also say which mirror is used.
        if ! apt_knows "$package"; then
            say "apt-get update"
            apt update || true
            break
        fi
    done
    for package in "${plain[@]}"; do
        say "apt-get install $package"
        apt install --no-install-recommends "$package" ||
            say "not available, tests are skipped: $package"
    done
    if [ ${#backports[@]} -gt 0 ]; then
        say "from the backports: ${backports[*]}"
        install_from_backports "${backports[@]}" ||
            say "not available, tests are skipped: ${backports[*]}"
    fi
    stop_new_services "${plain[@]}" "${backports[@]}"
}

# The client libraries of test/clients, into build/clients.
install_node_clients() {
    local file
    command -v npm >/dev/null && command -v node >/dev/null || {
        say "no node or npm, tests are skipped"
        return 0
    }
    mkdir -p build/clients
    if [ -f build/clients/node_modules/.package-lock.json ] &&
        cmp -s test/clients/package-lock.json build/clients/package-lock.json
    then
        return 0
    fi
    for file in package.json package-lock.json .npmrc; do
        cp "test/clients/$file" build/clients/
    done
    say "npm ci in build/clients"
    (cd build/clients && timeout 300 npm ci --ignore-scripts --no-audit \
        --no-fund </dev/null) || {
        rm -rf build/clients
        say "npm cannot install them, tests are skipped"
    }
}

install_extras() {
    install_extra_packages
    install_node_clients
}
