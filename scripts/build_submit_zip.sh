#!/usr/bin/env bash
# Build the zip that spark-submit ships to the driver with --py-files: rfm_spark and PyYAML's plain Python files.
#
#   scripts/build_submit_zip.sh           writes dist/rfm_spark-submit.zip
#   scripts/build_submit_zip.sh FILE      or FILE
#
# The same sources give the same bytes.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
target=${1:-$root/dist/rfm_spark-submit.zip}
python=$root/.venv/bin/python
if [ ! -x "$python" ] || ! "$python" -c 'import yaml' 2>/dev/null; then
    "$root/scripts/setup.sh" local >&2
fi
mkdir -p "$(dirname "$target")"

"$python" - "$root" "$target" <<'END'
import sys
import zipfile
from importlib.metadata import files as files_of
from pathlib import Path

import yaml

root, target = Path(sys.argv[1]), Path(sys.argv[2])
folders = {"rfm_spark": root / "rfm_spark", "yaml": Path(yaml.__file__).parent}
wanted = {".py", ".properties", ".typed", ".j2"}
files = {
    f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
    for name, folder in folders.items()
    for path in folder.rglob("*")
    if path.suffix in wanted and path.is_file()
}
files["rfm_spark/LICENSE"] = (root / "LICENSE").read_bytes()
files["yaml/LICENSE"] = next(
    file.read_bytes() for file in map(lambda f: Path(f.locate()), files_of("PyYAML") or []) if file.name == "LICENSE"
)
partial = target.with_name(target.name + ".new")
with zipfile.ZipFile(partial, "w") as archive:
    for name in sorted(files):
        entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, files[name])
partial.replace(target)
END

cat <<END
$target
Submit a job with it, on a cluster whose Spark has Delta (else add --packages io.delta:delta-spark_4.2_2.13:4.4.0):

spark-submit \\
  --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension \\
  --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog \\
  --py-files "$target" \\
  "$root/jobs/run.py" --config "$root/conf" --config MY_SOURCES.yaml --as-of YYYY-MM-DD
END
