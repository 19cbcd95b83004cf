#!/bin/sh
# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs the tarball that it is part of: verify, stage, switch, restart, check health, and roll back on
# failure. It makes the same layout below /opt/<app> as slipway.golang.release. It needs no Python; dash or
# busybox will do.
#
# Start reading at main, install and go_live. The functions after them are the steps.

set -u
export LC_ALL=C # byte order in sort and awk, English in what we read
umask 022
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin

usage() {
    cat <<'END'
Usage: install.sh [option...]

Actions (default: install the tarball that this script is part of):
  --rollback               go back to the release before the current one
  --status                 show what is installed and what runs
  --dry-run                show what would be done, and do nothing

Release:
  --port NUMBER            the port that the service listens on; it goes into the environment
  --port-variable NAME     the variable that holds the port (PORT)
  --env-file FILE          the environment, one KEY=value per line (default: the current release's);
                           {port} in a value is the port, {{port}} is {port} itself
  --unit FILE              the systemd unit (default: the tarball's, else the current release's)

Signature:
  --allowed-signers FILE   refuse a tarball that none of these keys has signed; the format is ssh-keygen's
  --signer NAME            accept this signer only

Health check:
  --health-path PATH       the path to request (/healthz); none: check only the process
  --health-host HOST       the address to request it from (127.0.0.1)
  --deadline SECONDS       how long the service may take to become healthy (30)
  --min-ready-seconds SECONDS
                           how long it must then stay healthy (2)

Other:
  --keep NUMBER            good releases to keep (5), besides the current and the previous one
  --no-lock                work without the lock on a host without flock; make sure that nothing else deploys
  --root DIR               install everything below DIR, for example an image; start nothing
  --help                   show this text

Exit codes:
  0   done, or nothing to do
  1   rejected; the service was not touched
  2   the new release was not healthy; the old one was put back
  3   nothing healthy is running
  64  the command line is wrong
END
}

main() {
    act=install dry_run='' no_lock='' root='' keep=5
    port='' port_variable=PORT env_file='' unit_file='' allowed_signers='' signer=''
    health_path=/healthz health_host=127.0.0.1 deadline=30 min_ready=2
    parse "$@"
    set_up
    case $act in
        install) install ;;
        rollback) roll_back ;;
        status) show_status ;;
    esac
}

install() {
    verify_tarball "$here"
    check_machine
    check_signature
    take_lock
    read_state
    compose_environment
    compose_unit
    name_release
    if [ "$current" = "$id" ] && is_live "$id"; then
        end_unchanged
    fi
    if [ -n "$dry_run" ]; then
        say "Would install $id; current is ${current:-not set}. $(what_runs)."
        exit 0
    fi
    check_port_is_free
    stage
    go_live "$id"
}

roll_back() {
    take_lock
    read_state
    id=$(link_target previous)
    [ -n "$id" ] ||
        reject "there is no previous release of $app on this host" "Releases here: $(list_releases)"
    is_intact "$id" || reject "the previous release $id is damaged" "Install another version from its tarball"
    if [ -n "$dry_run" ]; then
        say "Would go back from ${current:-nothing} to $id. $(what_runs)."
        exit 0
    fi
    go_live "$id"
}

# Switch to a staged release and check its health. From the switch on, every failure puts the old release
# back.
go_live() {
    choose_old "$1"
    for release in "$1" "$old"; do
        has_known_strategy "$release" ||
            reject "$release has another strategy than restart, which install.sh does not know" \
                "Deploy with slipway.golang.release"
    done
    [ -z "$root" ] || lay_out_only "$1"
    create_account "$1"
    say "Switching $app from ${current:-nothing} to $1"
    switched=yes
    if switch_to "$1" "${old:-$previous}" && restart && check_health "$1"; then
        trap '' INT TERM # only the history entry and the old releases are left to do
        record ok ''
        prune
        say "OK: $app $1 is running and healthy ($answer)." \
            "Before: ${old:-nothing}${old:+. To go back: sudo $base/current/install.sh --rollback}"
        exit 0
    fi
    put_back "$reason"
}

put_back() {
    trap '' INT TERM # the rollback must not be interrupted
    failed_because=$1 rollback_began=$(now) deploy_phases=$phases
    say "NOT HEALTHY: $app $id: $failed_because. Last lines of its journal:"
    journal_tail
    if [ -z "$old" ]; then
        stop_and_disable
        end_unhealthy down 3 "There is no good release to go back to: $app is stopped." \
            "journalctl -u $unit -e; repair it and install again"
    fi
    [ "$old" != "$previous" ] || previous='' # what was before it is not known any more
    if switch_to "$old" "$previous" && restart && check_health "$old"; then
        end_unhealthy reverted 2 "$old was put back; it is running and healthy." \
            "journalctl -u $unit -e; repair $id and install again"
    fi
    end_unhealthy down 3 "Putting $old back failed too: $reason. NOTHING HEALTHY IS RUNNING." \
        "systemctl status $unit; journalctl -u $unit -e"
}

# end_unhealthy OUTCOME EXIT-CODE WHAT-RUNS NEXT
end_unhealthy() {
    phases=$deploy_phases ready_ms=null # the failed release's phases, and the rollback as one phase
    measure put_back "$rollback_began"
    record "$1" "$failed_because. $3"
    print_error "$(echo "$1" | tr '[:lower:]' '[:upper:]'): $id is not healthy: $failed_because." \
        "$3" "Next: $4"
    exit "$2"
}

# --- the command line ---------------------------------------------------------------------------------------

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --help)
                usage
                exit 0
                ;;
            --rollback) act=rollback ;;
            --status) act=status ;;
            --dry-run) dry_run=yes ;;
            --no-lock) no_lock=yes ;;
            --*=*) set_option "${1%%=*}" "${1#*=}" ;;
            --*)
                [ $# -ge 2 ] || usage_error "$1 is unknown, or needs a value"
                set_option "$1" "$2"
                shift
                ;;
            *) usage_error "'$1' is not an option" ;;
        esac
        shift
    done
}

set_option() {
    case $1 in
        --port)
            port=$(number "$1" "$2" 65535) || exit 64
            [ "$port" != 0 ] || usage_error "--port: 0 is not a port to listen on"
            ;;
        --deadline) deadline=$(number "$1" "$2" 86400) || exit 64 ;;
        --min-ready-seconds) min_ready=$(number "$1" "$2" 86400) || exit 64 ;;
        --keep) keep=$(number "$1" "$2" 1000) || exit 64 ;;
        --port-variable)
            if ! only "$2" '[!A-Za-z0-9_]' || matches "$2" '[0-9]*'; then
                usage_error "'$2' is not a variable's name"
            fi
            port_variable=$2
            ;;
        --env-file) env_file=$(readable "$1" "$2") || exit 64 ;;
        --unit) unit_file=$(readable "$1" "$2") || exit 64 ;;
        --allowed-signers) allowed_signers=$(readable "$1" "$2") || exit 64 ;;
        --signer) signer=$2 ;;
        --health-path)
            if [ "$2" != none ] && ! { only "$2" '[!A-Za-z0-9/._~?&=%:@+,;-]' && matches "$2" '/*'; }; then
                usage_error "'$2' is not the path of a URL"
            fi
            health_path=$2
            ;;
        --health-host)
            only "$2" '[!][A-Za-z0-9.:_-]' || usage_error "'$2' is not a host"
            health_host=$2
            ;;
        --root)
            root=$(cd "$2" 2>/dev/null && pwd -P) || usage_error "--root: there is no directory '$2'"
            root=${root%/}
            ;;
        *) usage_error "$1 is unknown" ;;
    esac
}

usage_error() {
    print_error "$1. Nothing was done. See install.sh --help."
    exit 64
}

number() {
    case $2 in
        '' | *[!0-9]* | 0?* | ???????*) usage_error "$1: '$2' is not a whole number" ;;
    esac
    [ "$2" -le "$3" ] || usage_error "$1: $2 is more than $3"
    echo "$2"
}

readable() {
    if [ -d "$2" ] || ! [ -r "$2" ]; then
        usage_error "$1: '$2' is not a file that can be read"
    fi
    case $2 in
        /*) echo "$2" ;;
        *) echo "$(pwd)/$2" ;;
    esac
}

matches() {
    # shellcheck disable=SC2254 # the second argument is a pattern
    case $1 in
        $2) return 0 ;;
    esac
    return 1
}

# only TEXT '[!allowed]': the text is not empty and has no character outside of the allowed ones.
only() {
    [ -n "$1" ] && ! matches "$1" "*$2*"
}

# --- host and state -----------------------------------------------------------------------------------------

set_up() {
    [ "$(id -u)" = 0 ] || refuse "this needs root, and you are $(id -un)" "Run it again with sudo"
    here=$(cd "$(dirname "$0")" && pwd -P) ||
        refuse "the directory of $0 cannot be entered" "Unpack the tarball again"
    for tool in awk sed sha256sum mktemp find cmp od; do
        have "$tool" || refuse "$tool is not on this host" "Install it; busybox has it"
    done
    [ -n "$root" ] || have systemctl || refuse "systemctl is not on this host" "Slipway needs systemd"
    [ -f "$here/manifest.json" ] ||
        refuse "there is no manifest.json beside $0" "Run install.sh where the tarball was unpacked"
    app=$(field name) version=$(field version)
    is_app "$app" || refuse "the manifest names no app" "Package it again"
    is_version "$version" || refuse "the manifest names no version" "Package it again"
    unit=$app.service base=$root/opt/$app unit_dir=$root/etc/systemd/system
    id='' current='' previous='' old='' locked='' switched=''
    reason='' answer='' work='' phases='' ready_ms=null
    scratch=$(mktemp -d) || refuse "no temporary directory could be created" "Is the disk full?"
    trap clean_up EXIT
    trap 'interrupted' INT TERM
    # A lost connection must not stop the install: the health of what was started would never be checked.
    trap '' HUP PIPE
}

# A text field of the manifest: in canonical JSON only the outermost fields are indented by two spaces.
field() {
    sed -n 's/^  "'"$1"'": "\([^"\\]*\)",\{0,1\}$/\1/p' "$here/manifest.json"
}

# App and version become paths: the same rules as in common/names.py.
is_app() {
    only "$1" '[!a-z0-9_-]' && matches "$1" '[a-z]*' && [ ${#1} -le 31 ]
}

is_version() {
    only "$1" '[!A-Za-z0-9._+~-]' && matches "$1" '[A-Za-z0-9]*' && ! matches "$1" '*..*' && [ ${#1} -le 64 ]
}

clean_up() {
    rm -rf "$scratch" ${work:+"$work"}
    if [ "$locked" = yes ]; then
        : >"$base/lock" # the lock itself ends with this process
    fi
}

interrupted() {
    trap '' INT TERM
    if [ -n "$switched" ]; then
        reason="interrupted before its health was checked"
        put_back "$reason"
    fi
    reject "interrupted" "Run it again when you are ready"
}

read_state() {
    for link in current previous; do
        target=$(readlink "$base/$link" 2>/dev/null) || continue
        printf '%s\n' "$target" | grep -Eq -- '-[0-9a-f]{12}$' ||
            reject "$base/$link is a link to $target, which is no release of Slipway's" \
                "mv $base $base-before, name the new path in the unit of the service, and run this again"
    done
    current=$(link_target current) previous=$(link_target previous)
    if [ -z "$current" ] && [ -f "$unit_dir/$unit" ] &&
        ! grep -q "/opt/$app/current/bin/$app" "$unit_dir/$unit"; then
        reject "$unit_dir/$unit exists, and it is not Slipway's" \
            "systemctl disable --now $unit, move the file away, and run this again"
    fi
}

# choose_old TARGET: the release to go back to if TARGET fails. It is the current one; or the previous one, if
# the current one never became good because its install was killed. If TARGET is current, it is the one
# before.
choose_old() {
    old=$current
    if [ "$(outcome_of "$current")" != ok ] && [ "$(outcome_of "$previous")" = ok ]; then
        old=$previous
    fi
    if [ "$old" = "$1" ]; then
        old=$current
    fi
    if [ "$old" = "$1" ]; then
        old=$previous
    fi
}

link_target() {
    target=$(readlink "$base/$1" 2>/dev/null) || return 0
    target=${target##*/}
    [ -f "$base/releases/$target/release.json" ] && echo "$target"
}

list_releases() {
    for directory in "$base"/releases/*/; do
        [ -f "$directory/release.json" ] && basename "$directory"
    done
}

# --- the tarball --------------------------------------------------------------------------------------------

# The manifest is what is signed, so everything follows from it, and SHA256SUMS must agree with it.
verify_tarball() {
    artifact=$(digest_of "$here/manifest.json")
    list_files "$here/manifest.json" >"$scratch/files" ||
        refuse "the manifest has no usable list of files" "Package it again"
    list_checksums "$scratch/files" "$artifact" >"$scratch/sums"
    cmp -s "$scratch/sums" "$here/SHA256SUMS" ||
        refuse "SHA256SUMS differs from the manifest" "The tarball was altered: fetch it again"
    check_files "$1" || refuse "$problem" "The tarball was altered or damaged: fetch it again"
    check_nothing_else "$1" ||
        refuse "$problem" "The tarball was altered: fetch it again, and unpack it into an empty directory"
}

# Check a directory against $scratch/sums. Each name gets "./" in front, as "-" alone would mean standard
# input.
check_files() {
    sed 's|^\(.\{64\}\)  |\1  ./|' "$scratch/sums" >"$scratch/check"
    (cd "$1" && sha256sum -c "$scratch/check") >"$scratch/checked" 2>&1 && return 0
    problem=$(sed -n "$NAMES_OF_BAD_FILES" "$scratch/checked" | sort -u | head -n 5 | tr '\n' ' ')
    problem="these files are missing or differ from the manifest: $problem"
    return 1
}

# As coreutils and busybox print them.
NAMES_OF_BAD_FILES="s|^\./\(.*\): FAILED.*|\1|p
s|^.*can't open '\./\(.*\)': .*|\1|p"

check_nothing_else() {
    [ -z "$(find "$1" ! -type d ! -type f | head -n 1)" ] || {
        problem="there are links or devices among its files"
        return 1
    }
    {
        cut -c 67- "$scratch/sums"
        echo SHA256SUMS
        echo manifest.json.sig
    } >"$scratch/known"
    case $1 in
        "$base"/releases/*) own_files >>"$scratch/known" ;;
    esac
    (cd "$1" && find . -type f) | sed 's|^\./||' | grep -Fxv -f "$scratch/known" >"$scratch/unknown" ||
        return 0
    problem="these files are not in the manifest: $(head -n 5 "$scratch/unknown" | tr '\n' ' ')"
    return 1
}

# The files of a release that are not in the tarball; a configuration comes from slipway.golang.release.
own_files() {
    printf '%s\n' environment environment.template release.json "units/$unit"
    if grep -q '^  "config": ' "$here/release.json" 2>/dev/null; then
        (cd "$here" && find config config.template -type f)
    fi
}

check_machine() {
    wanted=$(field goarch) variant=$(field variant) machine=$(uname -m)
    case $machine in
        x86_64) arch=amd64 ;;
        aarch64) arch=arm64 ;;
        armv[5-8]*) arch=arm ;;
        i[3-6]86) arch=386 ;;
        loongarch64) arch=loong64 ;;
        *) arch=$machine ;;
    esac
    [ "$(field goos)/$wanted" = "linux/$arch" ] ||
        refuse "this host is linux/$arch ($machine), the tarball is for $(field goos)/$wanted" \
            "Use the tarball for linux/$arch"
    if [ "$arch" = amd64 ] && ! cpu_has "$variant"; then
        refuse "this host's CPU is too old for GOAMD64=$variant" "Build for a lower level; v1 runs everywhere"
    fi
    if [ "$arch" = arm ]; then
        level=${machine#armv}
        [ "${variant%%,*}" -le "${level%%[!0-9]*}" ] 2>/dev/null || [ -z "$variant" ] ||
            refuse "this host is $machine, the tarball is for GOARM=$variant" "Build for a lower GOARM"
    fi
}

# What each GOAMD64 level adds, as /proc/cpuinfo names it: https://go.dev/wiki/MinimumRequirements#amd64
cpu_has() {
    needed=''
    case $1 in
        v[234]) needed='cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3' ;;
    esac
    case $1 in
        v[34]) needed="$needed avx avx2 bmi1 bmi2 f16c fma abm movbe xsave" ;;
    esac
    case $1 in
        v4) needed="$needed avx512f avx512bw avx512cd avx512dq avx512vl" ;;
    esac
    flags=" $(sed -n '/^flags/{s/.*: //p;q;}' /proc/cpuinfo) "
    for flag in $needed; do
        matches "$flags" "* $flag *" || return 1
    done
}

check_signature() {
    [ -n "$allowed_signers$signer" ] || return 0
    [ -n "$allowed_signers" ] || usage_error "--signer needs --allowed-signers"
    signature=$here/manifest.json.sig
    have ssh-keygen ||
        refuse "a signature is required, and ssh-keygen is not on this host" "Install OpenSSH's client"
    [ -f "$signature" ] || refuse "the tarball is not signed" "Package it with a signing key"
    signers=$signer
    [ -n "$signers" ] ||
        signers=$(ssh-keygen -Y find-principals -s "$signature" -f "$allowed_signers" 2>/dev/null | head -n 1)
    [ -n "$signers" ] ||
        refuse "the tarball is signed by a key that $allowed_signers does not have" "Ask who packaged it"
    ssh-keygen -Y verify -f "$allowed_signers" -I "$signers" -n slipway -s "$signature" \
        <"$here/manifest.json" >/dev/null 2>&1 ||
        refuse "the signature is not one of $signers for this manifest" \
            "Do not use this tarball; ask who packaged it"
}

# list_files MANIFEST: mode, digest and path of each file. It fails on a path that could leave its directory,
# or that a release has itself.
list_files() {
    # shellcheck disable=SC2016 # the dollars are awk's
    awk '
function character(code) {
    if (code < 128) return sprintf("%c", code)
    if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
    if (code < 65536)
        return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
    return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64,
        128 + int(code / 64) % 64, 128 + code % 64)
}
function hex(text,   i, result) {
    for (i = 1; i <= 4; i++) result = result * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return result
}
function unescape(text,   at, code, result) {
    while (at = index(text, "\\")) {
        result = result substr(text, 1, at - 1)
        text = substr(text, at + 1)
        if (substr(text, 1, 1) == "\"") { result = result "\""; text = substr(text, 2); continue }
        if (substr(text, 1, 1) != "u") return "\\" # a backslash or a control character: not in our paths
        code = hex(substr(text, 2, 4))
        text = substr(text, 6)
        if (code >= 55296 && code < 56320) { # the first half of a pair
            code = 65536 + (code - 55296) * 1024 + hex(substr(text, 3, 4)) - 56320
            text = substr(text, 7)
        }
        result = result character(code)
    }
    return result text
}
/^    ".*": [{]$/ { path = unescape(substr($0, 6, length($0) - 9)) }
/^      "mode": "0(644|755)",$/ { mode = substr($0, 16, 4) }
/^      "sha256": "[0-9a-f]*",$/ { sum = substr($0, 18, length($0) - 19) }
/^      "size": [0-9]*$/ {
    bad = bad || path == "" || mode == "" || length(sum) != 64
    bad = bad || path ~ /^\/|\/$|\/\/|\\|[\001-\037\177]/ || ("/" path "/") ~ /\/\.\.?\//
    bad = bad || path ~ /^units\// || path == "environment" || path == "release.json"
    bad = bad || path == "environment.template" || path == "config.template"
    bad = bad || path == "manifest.json" || path == "manifest.json.sig" || path == "SHA256SUMS"
    print mode, sum, path
    count++
    path = mode = sum = ""
}
END { exit bad || !count }' "$1"
}

# list_checksums FILES MANIFEST-DIGEST: the text of SHA256SUMS for that list, sorted by path, with the
# manifest in it.
list_checksums() {
    # shellcheck disable=SC2016
    awk -v own="$2" '
{ path = substr($0, 71) }
!done && path "" > "manifest.json" { print own "  manifest.json"; done = 1 }
{ print $2 "  " path }
END { if (!done) print own "  manifest.json" }' "$1"
}

# --- the release: artifact + unit + environment -------------------------------------------------------------

compose_environment() {
    source=/dev/null from_user=0
    [ -z "$current" ] || source=$(current_environment)
    [ -z "$env_file" ] || source=$env_file from_user=1
    cat "$source" >"$scratch/source" # once: it may be a pipe
    is_clean_text "$scratch/source" ||
        reject "$source is not UTF-8 text without control characters" "Windows line endings? tr -d '\\r'"
    : >"$scratch/environment"
    problem=$(render_environment \
        "$scratch/source" "$scratch/environment" "$port_variable" "$port" $from_user) ||
        reject "$source, $problem" "Write KEY=value, or KEY=\"value\" with \\ before each \\ \" \` \$ in it"
    fill_in_port
}

# The environment of the current release as it was before {port} was filled in. If --port is another variable
# than the one that the release has its port in, that one stays as it is.
current_environment() {
    template=$base/releases/$current/environment.template
    if [ -f "$template" ] && { [ -z "$port" ] || grep -qFx "$port_variable=\"{port}\"" "$template"; }; then
        echo "$template"
    else
        echo "$base/releases/$current/environment"
    fi
}

# As slipway.golang.release does it: what has {port} is kept as a template, and PORT is {port} there too.
fill_in_port() {
    number=$(sed -n 's/^'"$port_variable"'="\([1-9][0-9]\{0,4\}\)"$/\1/p' "$scratch/environment")
    sed 's/^'"$port_variable"'="[1-9][0-9]\{0,4\}"$/'"$port_variable"'="{port}"/' \
        "$scratch/environment" >"$scratch/environment.template"
    if [ -z "$number" ]; then
        number=${port:-$(recorded_port "$current")}
    fi
    if ! grep -Eq '[{](port|config)[}]' "$scratch/environment.template"; then
        rm "$scratch/environment.template"
        return 0
    fi
    one=$(printf '\001') # in no environment: is_clean_text
    sed -e "s/{{port}}/${one}port}/g" -e "s/{{config}}/${one}config}/g" -e "s/{port}/$number/g" \
        "$scratch/environment.template" >"$scratch/filled"
    if [ -z "$number" ] && sed 's/{{port}}//g' "$scratch/environment.template" | grep -qF '{port}'; then
        reject "$source has {port}, and no port is known" \
            "Give one with --port, or write {{port}} for {port} itself"
    fi
    if grep -qF '{config}' "$scratch/filled"; then
        reject "$source has {config}, and install.sh makes no configuration files" \
            "Write a path, or {{config}} for {config} itself; or deploy with slipway.golang.release"
    fi
    sed "s/$one/{/g" "$scratch/filled" >"$scratch/environment"
}

# The port of a release; empty if it has none, or there is no release.
recorded_port() {
    [ -z "$1" ] || sed -n 's/^  "port": \([0-9]*\),$/\1/p' "$base/releases/$1/release.json"
}

compose_unit() {
    unit_source=$unit_file
    [ -n "$unit_source" ] || unit_source=$here/systemd/$unit
    [ -e "$unit_source" ] || unit_source=$base/releases/$current/units/$unit
    [ -e "$unit_source" ] ||
        reject "there is no unit: the tarball has no systemd/$unit, and no release of $app is current" \
            "Give one with --unit FILE"
    cp "$unit_source" "$scratch/$unit"
    grep -q "^ExecStart=.*/opt/$app/current/bin/$app" "$scratch/$unit" ||
        reject "$unit_source does not run /opt/$app/current/bin/$app" \
            "Use that path in its ExecStart=, so that a switch changes what runs"
    if grep -q "/opt/$app/current/config\(/\|[^A-Za-z0-9._-]\|\$\)" "$scratch/$unit"; then
        reject "$unit_source reads files in /opt/$app/current/config, which install.sh does not make" \
            "Deploy with slipway.golang.release, or give another unit with --unit"
    fi
    check_port_of_unit
}

# Where {port} in an argument became a variable, that has to be in the environment.
check_port_of_unit() {
    sed -n 's/^ExecStart=//p' "$scratch/$unit" | sed 's/\$\$//g' | grep -o '[$]{[A-Za-z0-9_]*}' |
        sed 's/[${}]//g' | sort -u >"$scratch/used"
    while IFS= read -r name; do
        if ! grep -q "^$name=" "$scratch/environment" &&
            ! grep -q "^Environment=.*$name=" "$scratch/$unit"; then
            reject "$unit_source starts the service with \${$name}, and the environment has no $name" \
                "Give it: if it is the port, with --port NUMBER --port-variable $name, else with --env-file"
        fi
    done <"$scratch/used"
}

name_release() {
    environment_digest=$(digest_of "$scratch/environment") unit_digest=$(digest_of "$scratch/$unit")
    template_line='' port_line=''
    printf 'slipway-release-1\nartifact %s\nenvironment %s\nunit %s %s\n' \
        "$artifact" "$environment_digest" "$unit" "$unit_digest" >"$scratch/parts"
    if [ -f "$scratch/environment.template" ]; then
        template_digest=$(digest_of "$scratch/environment.template")
        echo "template $template_digest" >>"$scratch/parts"
        template_line="
  \"template\": \"$template_digest\","
    fi
    [ -z "$number" ] || port_line="
  \"port\": $number,"
    release_digest=$(digest_of "$scratch/parts")
    id=$version-$(printf %.12s "$release_digest")
    cat >"$scratch/release.json" <<END
{
  "app": "$app",
  "artifact": "$artifact",
  "digest": "$release_digest",
  "environment": "$environment_digest",
  "id": "$id",$port_line
  "schema": 1,
  "strategy": "restart",$template_line
  "units": {
    "$unit": "$unit_digest"
  },
  "version": "$version"
}
END
}

# Make the release in incoming/, check the copies, rename it into place.
stage() {
    began=$(now)
    if is_intact "$id"; then
        return 0
    fi
    check_space
    work=$base/incoming/$id
    rm -rf "$work"
    if ! { copy_files && check_files "$work" && add_own_files && verify_unit && chown -R 0:0 "$work"; }; then
        reject "$id could not be staged: ${problem:-copying failed}" "Is the disk full?"
    fi
    write_through
    if [ -e "$base/releases/$id" ]; then
        mv "$base/releases/$id" "$base/incoming/damaged-$id"
    fi
    mv -T "$work" "$base/releases/$id" || reject "$id could not be renamed into place" "Check $base"
    write_through
    rm -rf "$base/incoming/damaged-$id"
    measure stage "$began"
}

check_space() {
    needed=$(du -sk "$here" | cut -f 1) free=$(df -Pk "$base" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -gt $((needed + 8192)) ] ||
        reject "no space: $base has ${free:-0} kB free, $id needs $((needed + 8192))" \
            "Free some, or lower --keep"
}

copy_files() {
    problem=''
    mkdir "$work" || return 1
    while IFS= read -r line; do
        mode=${line%% *} path=${line#* } path=${path#* }
        case $path in
            */*) mkdir -p "$work/${path%/*}" || return 1 ;;
        esac
        { cp -p "$here/$path" "$work/$path" && chmod "$mode" "$work/$path"; } || return 1
    done <"$scratch/files"
    for companion in manifest.json SHA256SUMS manifest.json.sig; do
        if [ -f "$here/$companion" ]; then
            { cp -p "$here/$companion" "$work/" && chmod 0644 "$work/$companion"; } || return 1
        fi
    done
}

add_own_files() {
    problem=''
    mkdir "$work/units" && cp "$scratch/$unit" "$work/units/$unit" && chmod 0644 "$work/units/$unit" &&
        (umask 077 && cp "$scratch/environment" "$work/environment") && chmod 0600 "$work/environment" &&
        add_template && cp "$scratch/release.json" "$work/release.json" && chmod 0644 "$work/release.json" &&
        chmod 0755 "$work"
}

add_template() {
    [ -f "$scratch/environment.template" ] || return 0
    (umask 077 && cp "$scratch/environment.template" "$work/") && chmod 0600 "$work/environment.template"
}

# Let systemd check a copy of the unit that names the staged binary, as `current` may not exist yet.
verify_unit() {
    { [ -z "$root" ] && have systemd-analyze; } || return 0
    mkdir -p "$scratch/verify"
    sed "s|/opt/$app/current/|$work/|g" "$scratch/$unit" >"$scratch/verify/$unit"
    systemd-analyze verify --man=no "$scratch/verify/$unit" >"$scratch/verified" 2>&1 && return 0
    problem=$(sed "s|^$scratch/verify/||" "$scratch/verified" | head -n 3 | tr '\n' ' ')
    problem="systemd does not accept the unit: $problem"
    return 1
}

# Whether the files that run from a release are still those of its records.
is_intact() {
    directory=$base/releases/$1
    [ -f "$directory/release.json" ] || return 1
    binary_line=$(grep "  bin/$app\$" "$directory/SHA256SUMS") || return 1
    [ "${binary_line%% *}" = "$(digest_of "$directory/bin/$app")" ] &&
        [ "$(record_of "$1" artifact)" = "$(digest_of "$directory/manifest.json")" ] &&
        [ "$(record_of "$1" environment)" = "$(digest_of "$directory/environment")" ] &&
        is_template_intact "$1" &&
        grep -q "\"$unit\": \"$(digest_of "$directory/units/$unit")\"" "$directory/release.json"
}

is_template_intact() {
    recorded=$(record_of "$1" template)
    template=$base/releases/$1/environment.template
    [ -z "$recorded" ] || { [ -f "$template" ] && [ "$recorded" = "$(digest_of "$template")" ]; }
}

has_known_strategy() {
    [ -z "$1" ] || [ "$(record_of "$1" strategy)" = restart ]
}

record_of() {
    sed -n 's/^  "'"$2"'": "\(.*\)",\{0,1\}$/\1/p' "$base/releases/$1/release.json"
}

digest_of() {
    sha256sum <"$1" | cut -c 1-64
}

# is_clean_text FILE: UTF-8 without control characters other than tab and newline. awk reads the bytes as od's
# hex numbers, whose text order is their order.
is_clean_text() {
    # shellcheck disable=SC2016
    od -An -v -tx1 "$1" | awk '
function within(low, high) { return byte >= low && byte <= high }
{
    for (i = 1; i <= NF; i++) {
        byte = $i ""
        if (rest) { if (!within(low, high)) exit bad = 1; rest--; low = "80"; high = "bf"; continue }
        low = "80"; high = "bf"
        if (within("20", "7e") || byte == "09" || byte == "0a") continue
        if (within("c2", "df")) rest = 1
        else if (within("e0", "ef")) { rest = 2; if (byte == "e0") low = "a0"; if (byte == "ed") high = "9f" }
        else if (within("f0", "f4")) { rest = 3; if (byte == "f0") low = "90"; if (byte == "f4") high = "8f" }
        else exit bad = 1
    }
}
END { exit bad || rest }'
}

# render_environment SOURCE TARGET VARIABLE PORT FROM-USER: write an environment as slipway.golang.release
# writes it: sorted, quoted, KEY="value". With a PORT, VARIABLE becomes it; FROM-USER is 1 if the user gave
# SOURCE, else 0. It prints what is wrong by line and name. It never prints a value, as that may be a secret.
render_environment() {
    # shellcheck disable=SC2016
    awk -v out="$2" -v name="$3" -v port="$4" -v from_user="$5" '
function fail(problem) { bad = 1; print "line " NR (key == "" ? "" : ", " key) ": " problem; exit 1 }
function keep() {
    if (key in values) fail("is set twice")
    values[key] = text
    names[++count] = key
}
function take(rest,   i, c) { # inside of quotes, which may go on in the next line
    for (i = 1; i <= length(rest); i++) {
        c = substr(rest, i, 1)
        if (c == "\\") {
            c = substr(rest, ++i, 1)
            if (c == "" || !index("\"\\`$", c)) fail("has a backslash before something else than \\ \" ` $")
        } else if (c == "\"") {
            if (i < length(rest)) fail("has something after its closing quote")
            keep()
            return 0
        }
        text = text c
    }
    return 1
}
function quoted(value,   i, c, result) {
    for (i = 1; i <= length(value); i++) {
        c = substr(value, i, 1)
        result = result (index("\"\\`$", c) ? "\\" : "") c
    }
    return result
}
open { text = text "\n"; open = take($0); next }
/^[ \t]*(#|$)/ { next }
{
    key = ""
    at = index($0, "=")
    if (substr($0, 1, at - 1) !~ /^[A-Za-z_][A-Za-z0-9_]*$/) fail("is not KEY=value")
    key = substr($0, 1, at - 1)
    rest = substr($0, at + 1)
    text = ""
    if (substr(rest, 1, 1) == "\"") { open = take(substr(rest, 2)); next }
    if (rest ~ /^[ \t\047]|[ \t]$/)
        fail("begins with a blank or a single quote, or ends with a blank: put it into double quotes")
    text = rest
    keep()
}
END {
    if (bad) exit 1
    if (open) fail("has no closing quote")
    key = name
    if (port != "") {
        if (from_user && (name in values) && values[name] != port && !index(values[name], "{port}"))
            fail("is another port than --port: give one of them")
        if (!(name in values)) names[++count] = name
        if (!index(values[name], "{port}")) values[name] = port # else it is filled in later
    }
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && (names[j - 1] "") > (names[j] ""); j--) {
            swap = names[j]
            names[j] = names[j - 1]
            names[j - 1] = swap
        }
    for (i = 1; i <= count; i++) printf "%s=\"%s\"\n", names[i], quoted(values[names[i]]) >out
}' "$1"
}

# --- the switch ---------------------------------------------------------------------------------------------

# switch_to RELEASE PREVIOUS: unit and both links.
switch_to() {
    began=$(now) reason="unit and links could not be switched to $1"
    install_unit "$1" && point previous "$2" && point current "$1" || return 1
    write_through
    measure switch "$began"
}

install_unit() {
    if ! cmp -s "$base/releases/$1/units/$unit" "$unit_dir/$unit"; then
        mkdir -p "$unit_dir" && cp "$base/releases/$1/units/$unit" "$unit_dir/$unit.new" &&
            chmod 0644 "$unit_dir/$unit.new" && mv -f "$unit_dir/$unit.new" "$unit_dir/$unit" || return 1
        [ -n "$root" ] || systemctl daemon-reload
    elif [ -z "$root" ] && [ "$(show NeedDaemonReload)" = yes ]; then
        systemctl daemon-reload
    fi
}

# point LINK RELEASE: change a link by one rename; without a release, remove it.
point() {
    if [ -z "$2" ]; then
        rm -f "$base/$1"
        return
    fi
    rm -f "$base/$1.new"
    ln -s "releases/$2" "$base/$1.new" && mv -f -T "$base/$1.new" "$base/$1"
}

restart() {
    began=$(now)
    systemctl reset-failed "$unit" 2>/dev/null # a start limit from before must not refuse this start
    reason=''
    if start_within_deadline 2>"$scratch/restart"; then
        [ "$(show UnitFileState)" = enabled ] || systemctl --quiet enable "$unit"
        measure start "$began"
        return 0
    fi
    reason=${reason:-"systemctl restart failed: $(head -n 1 "$scratch/restart")"}
    return 1
}

# With Type=notify, systemctl returns when the process is ready: systemd would wait for 90 s, --deadline or not.
start_within_deadline() {
    if [ "$(show Type)" != notify ]; then
        systemctl restart "$unit"
        return
    fi
    systemctl restart "$unit" 9>&- & # it must not keep the lock
    start_job=$! waits_since=''
    while kill -0 $start_job 2>/dev/null; do
        # The old process may take long to stop: only what the new one takes counts.
        if [ "$(show ActiveState)/$(show SubState)" = activating/start ]; then
            waits_since=${waits_since:-$(now)}
            if [ $(($(now) - waits_since)) -ge $((deadline * 1000)) ]; then
                reason="its process did not report READY=1 within $deadline s, and the unit is of Type=notify"
                kill $start_job 2>/dev/null
                return 1
            fi
        fi
        pause
    done
    wait $start_job
}

stop_and_disable() {
    systemctl stop "$unit"
    systemctl --quiet disable "$unit"
    point current ''
}

lay_out_only() {
    switch_to "$1" "${old:-$previous}" || reject "$reason" "Check $base and $unit_dir"
    ! have systemctl || systemctl --quiet --root="$root" enable "$unit"
    record ok "laid out below $root, not started"
    prune
    say "OK: $1 is laid out below $root. Nothing was started; the image must have the accounts of $unit."
    exit 0
}

create_account() {
    user=$(sed -n 's/^User=//p' "$base/releases/$1/units/$unit" | tail -n 1)
    group=$(sed -n 's/^Group=//p' "$base/releases/$1/units/$unit" | tail -n 1)
    [ -n "$user" ] || return 0
    if grep -Eq '^DynamicUser=(yes|true|1|on)' "$base/releases/$1/units/$unit"; then
        return 0
    fi
    group=${group:-$user}
    grep -q "^$group:" /etc/group || make_group "$group" ||
        reject "group $group could not be created" "Create it, and run this again"
    id "$user" >/dev/null 2>&1 || make_user "$user" "$group" ||
        reject "user $user could not be created" "Create it, and run this again"
}

make_group() {
    if have groupadd; then groupadd --system "$1"; else addgroup -S "$1"; fi
}

make_user() {
    if have useradd; then
        useradd --system --gid "$2" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
    else
        adduser -S -D -H -h /nonexistent -s /bin/false -G "$2" "$1"
    fi
}

# --- the health check ---------------------------------------------------------------------------------------

# Healthy means: the process runs this release's binary, stays the same process, and gives good answers.
check_health() {
    began=$(now) pid=$(show MainPID)
    prepare_probe "$1"
    until probe "$1"; do
        is_steady "$1" || return 1
        if [ $(($(now) - began)) -ge $((deadline * 1000)) ]; then
            reason="no good answer within $deadline s: $answer"
            return 1
        fi
        pause
    done
    ready_ms=$(($(now) - began))
    stays_healthy "$1" "$(now)" || return 1
    measure health "$began"
}

# For --min-ready-seconds: the same process, and never three bad answers in a row.
stays_healthy() {
    misses=0
    while [ $misses -gt 0 ] || [ $(($(now) - $2)) -lt $((min_ready * 1000)) ]; do
        pause
        is_steady "$1" || return 1
        if probe "$1"; then
            misses=0
        else
            misses=$((misses + 1))
        fi
        if [ $misses -ge 3 ]; then
            reason="it was healthy, and then no longer: $answer"
            return 1
        fi
    done
    is_steady "$1"
}

is_steady() {
    live=$(running_release)
    # The binary is read last: a process that has just ended has none, and systemd may not know that yet.
    if [ "${pid:-0}" = 0 ] || [ "$(show MainPID)" != "$pid" ] || ! readlink "/proc/$pid/exe" >/dev/null; then
        await_end
        reason="its process ended ($(show Result), exit status $(show ExecMainStatus))"
    elif [ "$live" != "$1" ]; then
        reason="the running process $pid is not of $1"
    else
        return 0
    fi
    return 1
}

# systemd knows a moment later how a process ended.
await_end() {
    for _ in 1 2 3 4 5; do
        { [ "${pid:-0}" != 0 ] && [ "$(show MainPID)" = "$pid" ]; } || return 0
        pause
    done
}

# The release that the main process was started from, by the path of its binary.
running_release() {
    executable=$(readlink "/proc/$(show MainPID)/exe" 2>/dev/null) || return 0
    releases=$(cd "$base/releases" && pwd -P) # as the kernel names it if a parent directory is a link
    case $executable in
        "$releases/"*"/bin/$app")
            executable=${executable#"$releases/"}
            echo "${executable%%/*}"
            ;;
    esac
}

prepare_probe() {
    live_port=$(sed -n 's/^'"$port_variable"'="\([0-9]*\)"$/\1/p' "$base/releases/$1/environment")
    [ -n "$live_port" ] || live_port=$(recorded_port "$1")
    url=http://$health_host:$live_port$health_path client=none
    if [ "$health_path" = none ]; then
        answer="only its process was checked, because of --health-path none"
    elif [ -z "$live_port" ]; then
        answer="only its process was checked: no $port_variable is known, give --port"
    elif have curl; then
        client=curl
    elif have wget && wget --version 2>/dev/null | grep -q GNU; then
        client=wget
    elif have wget; then
        client='busybox_wget wget'
    elif have busybox && busybox wget --help >/dev/null 2>&1; then
        client='busybox_wget busybox wget'
    else
        answer="only its process was checked: this host has neither curl nor wget"
    fi
    # Without an answer, staying up is all that can be checked: wait a little longer.
    if [ "$client" = none ] && [ "$min_ready" -lt 3 ]; then
        min_ready=3
    fi
}

# One request. `answer` describes what came back.
probe() {
    [ "$client" != none ] || return 0
    : >"$scratch/headers"
    : >"$scratch/body"
    unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
    case $client in
        curl)
            curl -sS -m 3 --noproxy '*' -D "$scratch/headers" -o "$scratch/body" "$url" 2>"$scratch/error"
            ;;
        wget)
            wget -nv -S -t 1 -T 3 --no-proxy --max-redirect=0 --content-on-error -O "$scratch/body" "$url" \
                2>"$scratch/headers"
            ;;
        *) ${client} "$url" 2>"$scratch/headers" ;;
    esac 9>&- # busybox's timeout leaves a process behind for a while, and it must not keep the lock
    client_code=$?
    status=$(sed -n 's|^.*HTTP/[0-9.]* \([0-9][0-9][0-9]\).*|\1|p' "$scratch/headers" | head -n 1)
    [ -n "$status" ] || [ $client_code != 0 ] || status=200 # busybox's wget does not print a good status
    answer="$url: ${status:-no answer ($(cat "$scratch/error" "$scratch/headers" 2>/dev/null | head -n 1))}"
    matches "$status" '[23]??' && names_release "$1"
}

# busybox_wget COMMAND... URL: not every build of it has a time limit.
busybox_wget() {
    limit=''
    ! have timeout || limit='timeout 3'
    $limit "$@" -q -Y off -O "$scratch/body"
}

# If an answer names a release, it must be this one, or it came from an old process.
names_release() {
    named=$(tr -d '\r' <"$scratch/headers" |
        sed -n 's/^ *[Xx]-[Rr][Ee][Ll][Ee][Aa][Ss][Ee]: *//p' | head -n 1)
    if [ -z "$named" ]; then
        # The field of the outermost object: inner ones are taken out first.
        named=$(tr -d '\n' <"$scratch/body" | sed -n -e '/^ *{/!d' -e ':a' -e 's/\(.\){[^{}]*}/\1/' -e 'ta' \
            -e 's/.*[{,] *"release" *: *"\([^"]*\)".*/\1/p')
    fi
    case $named in
        '' | "$1" | "${1%-*}") return 0 ;;
    esac
    answer="$answer, but it names the release '$named'"
    return 1
}

# Whether a release is live and healthy, so that nothing has to be done.
is_live() {
    is_intact "$1" && cmp -s "$base/releases/$1/units/$unit" "$unit_dir/$unit" || return 1
    [ -z "$root" ] || return 0
    [ "$(show ActiveState)" = active ] && [ "$(show UnitFileState)" = enabled ] &&
        [ "$(running_release)" = "$1" ] || return 1
    prepare_probe "$1"
    probe "$1" || { pause && probe "$1"; } || { pause && probe "$1"; }
}

end_unchanged() {
    if [ -z "$dry_run" ] && [ "$(outcome_of "$id")" != ok ]; then
        record ok "found healthy; its install was never finished" # it was killed before its history entry
    fi
    say "OK: $id is already current${root:+ below $root} and healthy; nothing was changed."
    exit 0
}

check_port_is_free() {
    wanted_port=$number
    [ -n "$wanted_port" ] && [ -z "$root" ] || return 0
    # shellcheck disable=SC2016
    sockets=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$(printf ':%04X$' "$wanted_port")" \
            '$4 == "0A" && $2 ~ port { print "socket:[" $10 "]" }')
    [ -n "$sockets" ] || return 0
    find "/proc/$(show MainPID)/fd" -type l -exec readlink {} \; 2>/dev/null | grep -qF "$sockets" &&
        return 0 # it is this service's
    reject "port $wanted_port is already used by a process that is not part of $unit" \
        "Find it with ss -ltnp, stop it, or give another --port"
}

show() {
    systemctl show --property="$1" "$unit" | cut -d = -f 2-
}

journal_tail() {
    # Of this start only: the service's output, and systemd's messages about it.
    invocation=$(show InvocationID)
    journalctl --no-pager --quiet --output=cat --lines=10 \
        "_SYSTEMD_INVOCATION_ID=$invocation" + "INVOCATION_ID=$invocation" 2>/dev/null |
        sed 's/^/    /'
}

# --- lock and history ---------------------------------------------------------------------------------------

take_lock() {
    [ -z "$dry_run" ] || return 0
    mv_can_replace_links
    if ! { mkdir -p "$base/releases" "$base/incoming" && chmod 0755 "$base" "$base/releases" &&
        chmod 0700 "$base/incoming"; }; then
        refuse "$base could not be created" \
            "Is there something else in its place, or a read-only file system?"
    fi
    if [ -n "$no_lock" ]; then
        return 0
    fi
    umask 077 # who can read the lock can hold it, and block every deploy
    exec 9>>"$base/lock"
    umask 022
    chmod 0600 "$base/lock"
    if have flock; then
        flock -n 9 || lock_refused
    elif have busybox && busybox flock --help >/dev/null 2>&1; then
        busybox flock -n 9 || lock_refused
    else
        refuse "this host has no flock, so two installs could run at the same time" \
            "Install util-linux, or give --no-lock and make sure that nothing else deploys"
    fi
    locked=yes
    printf '{"actor": "%s", "deploy_id": "", "pid": %s, "since": "%s", "to": "%s"}\n' \
        "$(actor)" $$ "$(timestamp)" "$version" >"$base/lock"
    rm -rf "$base"/incoming/* # left by an install that was killed
}

lock_refused() {
    refuse "another deploy of $app holds the lock: $(holder actor), since $(holder since), \
deploying $(holder to)" "Wait until it is done, and run this again"
}

holder() {
    note=$(sed -n 's/.*"'"$1"'": "\([^"\\]*\)".*/\1/p' "$base/lock" | tr -c '\40-\176' '?')
    echo "${note:-unknown}"
}

mv_can_replace_links() {
    (cd "$scratch" && mkdir a b && ln -s a link && ln -s b link.new && mv -f -T link.new link &&
        [ "$(readlink link)" = b ]) 2>/dev/null ||
        refuse "mv on this host cannot replace a link in one step (-T)" "Install coreutils or busybox 1.31"
}

# record OUTCOME MESSAGE: one line in the history, in the form of slipway.golang.release.
record() {
    if [ -n "$dry_run" ]; then
        return 0
    fi
    from=null
    [ -z "$current" ] || from="\"$current\""
    if [ -s "$base/history.jsonl" ] && [ -n "$(tail -c 1 "$base/history.jsonl")" ]; then
        echo >>"$base/history.jsonl" # the last line was cut off
    fi
    {
        printf '{"act": "%s", "actor": "%s", "at": "%s", "deploy_id": "", "from": %s, ' \
            "$act" "$(actor)" "$(timestamp)" "$from"
        printf '"message": "%s", "outcome": "%s", "phases": {%s}, ' "$(plain "$2")" "$1" "$phases"
        printf '"ready_ms": %s, "to": "%s"}\n' "$ready_ms" "$id"
    } >"$scratch/entry"
    (umask 077 && cat "$scratch/entry" >>"$base/history.jsonl") # by one write
    halve_history
    write_through
}

halve_history() {
    [ "$(wc -c <"$base/history.jsonl")" -gt 1048576 ] || return 0
    newest=$(($(wc -l <"$base/history.jsonl") / 2))
    # A health check's headers may hold a secret.
    (umask 077 && tail -n $newest "$base/history.jsonl" >"$base/history.jsonl.new") &&
        mv -f "$base/history.jsonl.new" "$base/history.jsonl"
}

# outcome_of RELEASE: the outcome of the newest action that started it.
outcome_of() {
    [ -n "$1" ] && outcomes | awk -v id="$1" '$1 == id { print $2 }'
}

# Release and outcome of each release's newest action, oldest first. Quotes within a message are escaped, so
# these patterns match only the line's own fields.
outcomes() {
    [ -f "$base/history.jsonl" ] || return 0
    # shellcheck disable=SC2016
    awk '
    function field(name,   at, rest) {
        at = index($0, "\"" name "\": \"")
        rest = substr($0, at + length(name) + 5)
        return at ? substr(rest, 1, index(rest, "\"") - 1) : ""
    }
    /^[{].*[}]$/ && field("act") ~ /^(deploy|rollback|install)$/ && field("to") != "" {
        last[field("to")] = NR
        line[NR] = field("to") " " field("outcome")
        release[NR] = field("to")
    }
    END {
        for (i = 1; i <= NR; i++)
            if (i in line && last[release[i]] == i) print line[i]
    }' "$base/history.jsonl"
}

# Remove all releases but the current one, the previous one, the newest good ones and the newest failed one.
prune() {
    list_releases >"$scratch/here"
    outcomes >"$scratch/outcomes"
    superfluous "$scratch/here" "$scratch/outcomes" "$keep" \
        "$(link_target current)" "$(link_target previous)" >"$scratch/superfluous"
    while IFS= read -r old_release; do
        rm -rf "$base/releases/$old_release" && say "Removed the old release $old_release"
    done <"$scratch/superfluous"
}

# superfluous RELEASES OUTCOMES KEEP CURRENT PREVIOUS: the releases to remove, from the output of
# list_releases and of outcomes. A release that was only staged counts as good, and as older than all others.
superfluous() {
    # shellcheck disable=SC2016
    awk -v keep="$3" -v current="$4" -v previous="$5" '
    FILENAME == ARGV[1] { here[$1] = 1; names[++all] = $1; next }
    $1 in here { known[$1] = 1; order[++count] = $1; good[$1] = $2 == "ok" }
    END {
        for (i = count; i >= 1; i--) {
            id = order[i]
            stays = good[id] ? ++good_ones <= keep : ++failed_ones <= 1
            if (!stays && id != current && id != previous) print id
        }
        for (i = all; i >= 1; i--) {
            id = names[i]
            if (!(id in known) && ++good_ones > keep && id != current && id != previous) print id
        }
    }' "$1" "$2"
}

# --- output -------------------------------------------------------------------------------------------------

show_status() {
    read_state
    say "$app on $(uname -n)" "  current   ${current:-none}" "  previous  ${previous:-none}"
    say "  releases  $(list_releases | tr '\n' ' ')"
    [ -z "$root" ] || exit 0
    say "  running   $(what_runs)"
    if [ -n "$current" ] && [ "$(running_release)" = "$current" ] &&
        prepare_probe "$current" && probe "$current"; then
        say "  healthy   yes ($answer)"
        exit 0
    fi
    say "  healthy   no${answer:+ ($answer)}" "Next: journalctl -u $unit -e"
    exit 3
}

# What runs now, as a sentence without its full stop.
what_runs() {
    [ -z "$root" ] || return 0
    running=$(running_release)
    if [ "$(show ActiveState)" = active ]; then
        echo "${running:-a process that is not of a release} is running (pid $(show MainPID))"
    else
        echo "$app is not running ($(show ActiveState))"
    fi
}

# refuse PROBLEM NEXT: before the app's directory was read or changed.
refuse() {
    print_error "REJECTED: $1." "Nothing was changed." "Next: $2."
    exit 1
}

# reject PROBLEM NEXT: before the switch. It adds a line to the history, if the release is known, and says
# what runs.
reject() {
    if [ -n "$id" ] && [ -f "$base/history.jsonl" ]; then
        record rejected "$1"
    fi
    print_error "REJECTED: $1." "The service was not touched: $(what_runs)." "Next: $2."
    exit 1
}

# Standard output may be closed, if the connection is lost: that must not stop the install.
say() {
    printf '%s\n' "$@" 2>/dev/null || :
}

print_error() {
    say "$@" >&2
}

measure() {
    phases="$phases${phases:+, }\"$1\": $(($(now) - $2))"
}

# Milliseconds since the machine started: not every date has fractions.
now() {
    read -r uptime _ </proc/uptime
    uptime=${uptime%.*}${uptime#*.}0
    while [ "${uptime#0}" != "$uptime" ] && [ ${#uptime} -gt 1 ]; do
        uptime=${uptime#0}
    done
    echo "$uptime"
}

timestamp() {
    date -u +%Y-%m-%dT%H:%M:%SZ
}

actor() {
    plain "${SUDO_USER:-$(id -un)}@$(uname -n)"
}

# Text for a JSON string: printable ASCII only, with backslashes and quotes escaped.
plain() {
    printf %s "$1" | tr -c '\40-\176' '?' | cut -c 1-2000 | sed 's/["\\]/\\&/g'
}

pause() {
    sleep 0.2 2>/dev/null || sleep 1
}

# On disk before the next step.
write_through() {
    sync -f "$base" 2>/dev/null || sync
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# A test that wants the functions alone sets this to its process id: an inherited value cannot stop an
# install.
[ "${SLIPWAY_SOURCED-}" = $$ ] || main "$@"
