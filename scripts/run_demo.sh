#!/usr/bin/env bash
# From nothing to a report: set up, invent a retailer's data, publish 13 month ends, show what happened.
#
#   scripts/run_demo.sh              everything goes into ./demo
#   scripts/run_demo.sh --dir DIR    or into DIR
#
# A second run finds its results up to date and changes nothing. Remove the folder to begin again.
set -euo pipefail

as_of=2025-06-30
first=2024-06-30
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
dir=$root/demo
case ${1:-} in
"") ;;
--dir) dir=${2:?"--dir needs a folder"} ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)

"$root/scripts/setup.sh" local report
# shellcheck source=/dev/null  # setup.sh writes it
. "$root/.venv/rfm-spark.env"

if [ ! -f "$dir/sample/complete" ]; then
    echo "demo: making sample data"
    "$root/.venv/bin/python" "$root/scripts/make_sample_data.py" "$dir/sample"
    touch "$dir/sample/complete"
fi

# The key that turns references into member ids; whoever has it can link them, so only the owner reads it.
key=$dir/identity.key
if [ ! -s "$key" ]; then
    (umask 077 && "$root/.venv/bin/python" -c 'import secrets; print(secrets.token_hex(32))' >"$key")
fi

# What every command of the demo takes; the file is there to be used with commands of your own.
cat >"$dir/demo.yaml" <<END
warehouse: {path: "$dir/warehouse"}
identity: {key: {file: "$key"}}
sources:
  shop: {path: "$dir/sample/shop/*.csv.gz"}
  stores: {path: "$dir/sample/stores/*.csv"}
  partner: {path: "$dir/sample/partner/*.jsonl"}
  browsing: {path: "$dir/sample/browsing/*.jsonl.gz"}
END
config=(--config "$root/conf" --config "$root/conf/examples/demo" --config "$dir/demo.yaml")

begin=$SECONDS
"$root/.venv/bin/python" "$root/scripts/in_one_session.py" \
    ingest --init --as-of "$as_of" "${config[@]}" then \
    backfill --from "$first" --to "$as_of" "${config[@]}" then \
    report --as-of "$as_of" --from "$first" --out "$dir/report.html" "${config[@]}"

cat <<END

demo: done in $((SECONDS - begin)) s after set-up. Open the report in a browser:
  $dir/report.html

The tables are Delta tables in
  $dir/warehouse: $(cd "$dir/warehouse" && printf "%s " [a-z]*/)

Read them, for example the segments of $as_of, with

  DuckDB   INSTALL delta; LOAD delta;
           SELECT segment, member_count, net_amount
           FROM delta_scan('$dir/warehouse/segment_summary')
           WHERE as_of_date = DATE '$as_of' AND segment_set = 'rfm_tier';

  Polars   import polars as pl
           pl.scan_delta("$dir/warehouse/member_profile").head().collect()

  Spark    spark.read.format("delta").load("$dir/warehouse/rfm_score").where("rfm_window = 'year'").show()

More commands take the same three --config, for example why a member stands where it does:

  . $root/.venv/rfm-spark.env
  $root/.venv/bin/rfm-spark explain --member C-011734 --as-of $as_of \\
    --config $root/conf --config $root/conf/examples/demo --config $dir/demo.yaml

What each table and column means: docs/tables.md
END
