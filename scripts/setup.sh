#!/usr/bin/env bash
# Prepare this clone: Java 17 or 21, a virtual environment in .venv, the two Delta JARs, and an archive of Spark's
# classes with which every command starts in half the time (190 MB in .venv).
#
#   scripts/setup.sh            what the demo and the console script need (the extra "local")
#   scripts/setup.sh local dev  what the tests need too
#
# A second run finds everything in place and ends within a second. Two runs at once wait for each other.
# What later commands need is written to .venv/rfm-spark.env, to be sourced.
#
#   RFM_SPARK_JARS          a folder that holds the two Delta JARs: checked and used as it is
#   RFM_SPARK_IVY_SETTINGS  an Ivy settings file for the one download of the JARs; the spark.jars.ivySettings of
#                           your own spark-defaults.conf (SPARK_CONF_DIR or SPARK_HOME) works too
#   RFM_SPARK_PYTHON        the Python to make the environment with
#   RFM_SPARK_INSTALL=no    never call the system's package manager, only say what is missing
#
# Exit codes: 0 ready, 1 a step failed, 2 something must be installed or mended by hand first (it says what).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
python=$venv/bin/python
env_file=$venv/rfm-spark.env
stamp_file=$venv/rfm-spark.stamp
class_archive=$venv/rfm-spark.jsa
jar_sums=$root/scripts/delta_jars.sha256
if [ -d "${RFM_SPARK_JARS:-}" ]; then RFM_SPARK_JARS=$(cd "$RFM_SPARK_JARS" && pwd -P); fi
jar_folder=${RFM_SPARK_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/rfm-spark/jars}
extras=("$@")
[ $# -gt 0 ] || extras=(local)

say() { printf 'setup: %s\n' "$*"; }
complain() { printf 'setup: %s\n' "$*" >&2; }

# --- Java and Python ---------------------------------------------------------------------------------------

# Print the home of a Java 17 or 21; fail for any other program.
java_home_of() {
    local facts version
    [ -x "$1" ] || return 1
    facts=$("$1" -XshowSettings:properties -version 2>&1) || return 1
    version=$(sed -n 's/^ *java\.specification\.version = //p' <<<"$facts")
    case $version in 17 | 21) sed -n 's/^ *java\.home = //p' <<<"$facts" ;; *) return 1 ;; esac
}

find_java() {
    local candidate
    for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" \
        /usr/lib/jvm/*17*/bin/java /usr/lib/jvm/*21*/bin/java /usr/lib/jvm/*/bin/java \
        /opt/java/*/bin/java /Library/Java/JavaVirtualMachines/*/Contents/Home/bin/java; do
        java_home_of "$candidate" && return 0
    done
    return 1
}

can_make_environments() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate path
    for candidate in "${RFM_SPARK_PYTHON:-}" python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        path=$(command -v "${candidate:-no-such-python}" || true)
        [ -n "$path" ] && can_make_environments "$path" && printf '%s\n' "$path" && return 0
    done
    return 1
}

# --- The system's package manager --------------------------------------------------------------------------

# Run a command as root, directly or by a sudo that asks nothing; fail when neither is allowed.
as_root() {
    [ "${RFM_SPARK_INSTALL:-yes}" != no ] || return 1
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

package_manager() {
    local name
    for name in apt-get dnf apk zypper; do
        command -v "$name" >/dev/null && echo "$name" && return 0
    done
    echo apt-get
}

# Print the packages that bring "java" or "python" with this package manager, best first.
packages_for() {
    case $1:$2 in
    java:apt-get) echo openjdk-17-jre-headless openjdk-21-jre-headless ;;
    java:apk) echo openjdk17-jre-headless openjdk21-jre-headless ;;
    java:*) echo java-17-openjdk-headless java-21-openjdk-headless ;;
    python:apt-get) echo python3-venv python3.13-venv python3.12-venv python3.11-venv ;;
    python:apk) echo python3 ;;
    python:*) echo python3.13 python3.12 python3.11 ;;
    esac
}

install_package() {
    case $1 in
    apt-get) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2" ;;
    apk) as_root apk add "$2" ;;
    zypper) as_root zypper --non-interactive install "$2" ;;
    *) as_root "$1" install -y "$2" ;;
    esac
}

# Install what brings "java" or "python" and print where it is; fail when that is not allowed or did not help.
install_missing() {
    local manager package log
    manager=$(package_manager)
    as_root true 2>/dev/null && command -v "$manager" >/dev/null || return 1
    log=$(mktemp)
    [ "$manager" != apt-get ] || as_root apt-get update >"$log" 2>&1 || true
    for package in $(packages_for "$1" "$manager"); do
        complain "installing $package with $manager"
        install_package "$manager" "$package" >>"$log" 2>&1 || continue
        "find_$1" && rm -f "$log" && return 0
    done
    complain "$manager could not bring it, see $log"
    return 1
}

# Print where "java" or "python" is; install it when allowed, else say what to install and end with 2.
need() {
    "find_$1" && return 0
    install_missing "$1" && return 0
    local manager packages
    manager=$(package_manager)
    packages=$(packages_for "$1" "$manager")
    if [ "$1" = java ]; then
        complain "no Java 17 or 21 in JAVA_HOME, PATH or /usr/lib/jvm; Spark needs one of the two"
    else
        complain "no Python 3.11 or newer with the modules venv and ensurepip"
    fi
    complain "install it and run this again, for example: sudo $manager install ${packages%% *}"
    [ "$packages" = "${packages#* }" ] || complain "where that package does not exist, one of: ${packages#* }"
    exit 2
}

# --- What is in place already ------------------------------------------------------------------------------

fingerprint() { printf '%s %s\n' "$(sha256sum <"$root/pyproject.toml" | cut -d' ' -f1)" "$root"; }

stamp_line() { sed -n "$1p" "$stamp_file" 2>/dev/null || true; }

environment_is_fresh() {
    local extra
    [ -x "$python" ] && [ "$(stamp_line 1)" = "$(fingerprint)" ] || return 1
    for extra in "${extras[@]}"; do
        case " $(stamp_line 2) " in *" $extra "*) ;; *) return 1 ;; esac
    done
}

recorded_java() { sed -n 's/^# Java: //p' "$env_file" 2>/dev/null || true; }

# A good Java in a JAVA_HOME of the caller replaces the recorded one.
java_is_fresh() {
    local recorded
    recorded=$(recorded_java)
    [ -x "$recorded/bin/java" ] || return 1
    [ -z "${JAVA_HOME:-}" ] || [ "$JAVA_HOME" = "$recorded" ] || ! java_home_of "$JAVA_HOME/bin/java" >/dev/null
}

jars_are_right() { (cd "$jar_folder" 2>/dev/null && sha256sum --check --status "$jar_sums" 2>/dev/null); }

recorded_jars() { sed -n 's/^# JARs: //p' "$env_file" 2>/dev/null || true; }

# --- The steps ---------------------------------------------------------------------------------------------

make_environment() {
    local base log wanted
    if ! can_make_environments "$python" || ! grep -qsF "$venv" "$venv/bin/activate"; then
        base=$(need python)
        say "making .venv with $("$base" --version)"
        "$base" -m venv --clear "$venv"
    fi
    # shellcheck disable=SC2046  # the words of the stamp are to be split
    wanted=$(printf '%s\n' $(stamp_line 2) "${extras[@]}" | sort -u | paste -sd, -)
    say "installing the project with ${wanted//,/ and } (a few minutes the first time)"
    log=$(mktemp)
    if ! "$python" -m pip install --quiet --disable-pip-version-check --editable "${root}[$wanted]" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        complain "pip failed, see above and $log; if it is .venv that is broken, remove it and run this again"
        exit 1
    fi
    rm -f "$log"
    printf '%s\n%s\n' "$(fingerprint)" "${wanted//,/ }" >"$stamp_file"
}

# Fetch with the Spark of .venv and the spark-defaults.conf of the user's own Spark.
resolve_jars() (
    export JAVA_HOME=$1
    [ -z "${SPARK_HOME:-}" ] || export SPARK_CONF_DIR=${SPARK_CONF_DIR:-$SPARK_HOME/conf}
    unset SPARK_HOME
    exec "$python" "$root/scripts/resolve_jars.py" "$jar_folder"
)

refuse_wrong_jars() {
    [ -n "${RFM_SPARK_JARS:-}" ] || return 0
    jars_are_right && return 0
    complain "the folder named by RFM_SPARK_JARS ($RFM_SPARK_JARS) does not hold the right Delta JARs; expected are"
    cat "$jar_sums" >&2
    exit 2
}

bring_jars() {
    local log
    jars_are_right && return 0
    say "fetching the two Delta JARs into $jar_folder"
    mkdir -p "$jar_folder"
    exec 8>"$jar_folder/.lock"
    flock 8
    jars_are_right && return 0
    log=$(mktemp)
    if ! resolve_jars "$1" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        complain "Spark's Ivy could not bring the Delta JARs, see above and $log"
        complain "behind a mirror: name your Ivy settings in RFM_SPARK_IVY_SETTINGS, or a folder with the JARs in RFM_SPARK_JARS"
        exit 1
    fi
    if ! jars_are_right; then
        complain "the Delta JARs that came have another sha256 than scripts/delta_jars.sha256 says; remove $jar_folder and ask whose mirror that is"
        exit 1
    fi
    rm -f "$log"
    exec 8>&-
}

write_env_file() {
    {
        echo "# Written by scripts/setup.sh; source it before you call .venv/bin/rfm-spark."
        echo "# Java: $1"
        echo "# JARs: $jar_folder"
        printf 'export JAVA_HOME=%q\n' "$1"
        # shellcheck disable=SC2016  # the file that is written expands it, not this script
        [ -z "${RFM_SPARK_JARS:-}" ] || printf 'export RFM_SPARK_JARS=${RFM_SPARK_JARS:-%q}\n' "$RFM_SPARK_JARS"
        echo "unset SPARK_HOME # the Spark is that of .venv"
    } >"$env_file.new"
    # Its time says since when Java and the JARs are what they are.
    if cmp -s "$env_file.new" "$env_file"; then rm -f "$env_file.new"; else mv -f "$env_file.new" "$env_file"; fi
}

archive_is_fresh() {
    local source
    [ -e "$class_archive" ] || return 1
    for source in "$env_file" "$venv"/lib/python*/site-packages/pyspark; do
        [ ! "$source" -nt "$class_archive" ] || return 1
    done
}

# Have Java lay out Spark's classes once, so that every command starts in half the time. All works without it: where
# this Java cannot do it an empty file stands for "do not try again".
share_classes() (
    local log
    say "preparing a quick start of Spark (about a minute)"
    # shellcheck source=/dev/null  # this script has just written it
    . "$env_file"
    log=$(mktemp)
    if ! "$python" "$root/scripts/share_classes.py" "$class_archive" >"$log" 2>&1; then
        complain "this Java could not prepare it, see $log; every command works, but starts some seconds later"
        : >"$class_archive"
    else
        rm -f "$log"
    fi
)

main() {
    local java
    # The lock is on this very file, so that nothing has to be created for it.
    exec 9<"${BASH_SOURCE[0]}"
    flock 9
    if environment_is_fresh && java_is_fresh && jars_are_right && [ "$(recorded_jars)" = "$jar_folder" ] &&
        archive_is_fresh; then
        say "ready"
        return 0
    fi
    refuse_wrong_jars
    java=$(need java)
    say "Java: $java"
    environment_is_fresh || make_environment
    bring_jars "$java"
    write_env_file "$java"
    archive_is_fresh || share_classes
    say "ready; to call rfm-spark yourself: . $(printf %q "$env_file")"
}
main
