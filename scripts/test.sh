#!/usr/bin/env bash
# Every check of the project: style, types, layers and tests, the quick ones first.
#
#   scripts/test.sh                 the checks and tests of every part: a quarter of an hour on two cores
#   scripts/test.sh --whole         and the tests of whole jobs, on real data and under faults: an hour; what CI runs
#   scripts/test.sh --all           and the slow ones, all on compiled plans, with the coverage of the code: hours
#   scripts/test.sh tests/unit ...  only pytest, with these arguments
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
marks=(-m "not slow")
coverage=()
case ${1:-} in
"") marks=(-m "not slow and not whole") ;;
--whole) shift ;;
--all)
    marks=()
    coverage=(--cov --cov-append --cov-report=term)
    export RFM_TEST_COMPILED=1
    rm -f .coverage
    shift
    ;;
esac
scripts/setup.sh local dev
# shellcheck source=/dev/null  # setup.sh writes it
. .venv/rfm-spark.env

# Run one part and say how long it took.
part() {
    local name=$1 begin=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@"
    printf '== %s: %d s\n' "$name" $((SECONDS - begin))
}

pytest() { .venv/bin/python -m pytest "${marks[@]}" "$@"; }

if [ $# -gt 0 ]; then
    pytest "$@"
    exit
fi

part "ruff check" .venv/bin/ruff check .
part "ruff format" .venv/bin/ruff format --check .
part "mypy" .venv/bin/mypy
part "import-linter" .venv/bin/lint-imports
part "unit tests" pytest -q -m "not session" "${coverage[@]}" tests/unit rfm_spark

# The last part prints no time of its own: pytest's closing line, which has it, ends the output. The docstrings of
# rfm_spark are in it for those that need a session.
others=(rfm_spark)
for folder in tests/*/; do
    case $folder in tests/unit/ | tests/oracles/ | *__pycache__/) ;; *) others+=("$folder") ;; esac
done
# Planning small queries keeps one core and a bit busy: two workers, each with one session, use both of two.
printf '\n== other tests (%d s so far)\n' "$SECONDS"
pytest -n 2 --dist loadfile --durations=25 "${coverage[@]}" "${others[@]}"
