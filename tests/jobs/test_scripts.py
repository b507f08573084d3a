"""The scripts that a newcomer runs first: set-up, sample, submit zip, ready examples."""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rfm_spark.io.session import JARS
from rfm_spark.rules.check_config import checked_config

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
EXAMPLES = ROOT / "conf" / "examples"
EXAMPLE_NAMES = (
    "cdnow", "cdnow_split", "completejourney", "demo", "online_retail_gross", "online_retail_net",
    "online_retail_published",
)  # fmt: skip


def run(command: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder that is not the clone, with a few variables of its own."""
    return subprocess.run(command, capture_output=True, text=True, cwd="/", env={**os.environ, **environment})


def bare_clone(folder: Path) -> Path:
    """Return a clone without an environment, whose set-up looks for Java and Python in JAVA_HOME and PATH alone."""
    (folder / "scripts").mkdir(parents=True)
    for name in ("delta_jars.sha256", "resolve_jars.py"):
        shutil.copy(SCRIPTS / name, folder / "scripts" / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    script = re.sub("/usr/lib/jvm|/opt/java|/usr/bin/python3", "/nowhere", (SCRIPTS / "setup.sh").read_text())
    (folder / "scripts" / "setup.sh").write_text(script)
    return folder


def fake_java(home: Path, version: int) -> Path:
    """Return the home of a Java that only tells its version."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    properties = f"    java.home = {home}\n    java.specification.version = {version}"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{properties}' >&2\n")
    program.chmod(0o755)
    return home


def path_without_java(folder: Path) -> str:
    """Return a PATH with the ordinary programs but no Java."""
    folder.mkdir()
    for name in (
        "bash",
        "sh",
        "env",
        "sed",
        "cut",
        "sha256sum",
        "dirname",
        "id",
        "flock",
        "mktemp",
        "cat",
        "sort",
        "ln",
        "rm",
    ):
        (folder / name).symlink_to(shutil.which(name) or "/nowhere")
    return str(folder)


def fake_package_manager(folder: Path, log: Path, java: Path) -> None:
    """Put an apt-get into the folder, and rights to call it: it knows one package, Java 21, and notes every call."""
    (folder / "apt-get").write_text(
        f'#!/bin/sh\necho "$*" >>"{log}"\ncase "$*" in *openjdk-21*) ln -s "{java}/bin/java" "{folder}/java" ;; '
        "install*) exit 100 ;; esac\n"
    )
    (folder / "id").unlink()
    (folder / "id").write_text("#!/bin/sh\necho 0\n")
    for name in ("apt-get", "id"):
        (folder / name).chmod(0o755)


def set_up(clone: Path, install: str = "no", **environment: str) -> subprocess.CompletedProcess[str]:
    return run(["bash", clone / "scripts" / "setup.sh"], RFM_SPARK_INSTALL=install, **environment)


def test_set_up_without_java_says_what_to_install(tmp_path: Path) -> None:
    clone = bare_clone(tmp_path / "my clone")
    done = set_up(clone, JAVA_HOME="", PATH=path_without_java(tmp_path / "bin"))
    assert done.returncode == 2
    assert "no Java 17 or 21 in JAVA_HOME, PATH or /nowhere" in done.stderr
    assert re.search(r"sudo \S+ install \S*17\S*", done.stderr)
    assert not (clone / ".venv").exists()


def test_set_up_passes_over_a_newer_java(tmp_path: Path) -> None:
    """Java 25 is in JAVA_HOME and Java 21 on the PATH: it takes 21, and stops only for want of a Python."""
    clone = bare_clone(tmp_path / "clone")
    newer, right = fake_java(tmp_path / "java 25", 25), fake_java(tmp_path / "java 21", 21)
    path = f"{right / 'bin'}:{path_without_java(tmp_path / 'bin')}"
    done = set_up(clone, JAVA_HOME=str(newer), PATH=path)
    assert f"setup: Java: {right}\n" in done.stdout
    assert (done.returncode, "no Python 3.11 or newer" in done.stderr) == (2, True)


def test_set_up_installs_the_java_that_the_system_has(tmp_path: Path) -> None:
    """The system has no Java 17 package, then gives Java 21, and has no Python: set-up stops there."""
    clone = bare_clone(tmp_path / "clone")
    path, log = path_without_java(tmp_path / "bin"), tmp_path / "calls"
    fake_package_manager(Path(path), log, fake_java(tmp_path / "java 21", 21))
    done = set_up(clone, install="yes", JAVA_HOME="", PATH=path)
    assert f"setup: Java: {tmp_path / 'java 21'}\n" in done.stdout
    installed = [line.split()[-1] for line in log.read_text().splitlines() if line.startswith("install")]
    assert installed[:3] == ["openjdk-17-jre-headless", "openjdk-21-jre-headless", "python3-venv"]
    assert done.returncode == 2


def test_set_up_refuses_other_jars(tmp_path: Path) -> None:
    clone = bare_clone(tmp_path / "clone")
    jars = tmp_path / "jars"
    jars.mkdir()
    for name in JARS:
        (jars / name).write_bytes(b"something else")
    done = set_up(clone, RFM_SPARK_JARS=str(jars))
    assert done.returncode == 2
    assert f"RFM_SPARK_JARS ({jars}) does not hold the right Delta JARs" in done.stderr
    assert all(name in done.stderr for name in JARS)


def test_second_set_up_changes_nothing() -> None:
    stamp = ROOT / ".venv" / "rfm-spark.stamp"
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if not stamp.exists() or digest not in stamp.read_text():
        pytest.skip("this .venv is not of the last scripts/setup.sh")
    before = stamp.stat().st_mtime_ns
    done = run([SCRIPTS / "setup.sh", "local"])
    assert (done.returncode, done.stdout) == (0, "setup: ready\n"), done.stderr
    assert stamp.stat().st_mtime_ns == before


def test_checksums_are_of_the_jars_that_sessions_load() -> None:
    lines = (SCRIPTS / "delta_jars.sha256").read_text().splitlines()
    assert tuple(line.split()[1] for line in lines) == JARS


def test_sample_has_the_size_it_claims(tmp_path: Path) -> None:
    done = run([sys.executable, SCRIPTS / "make_sample_data.py", tmp_path])
    lines, members = (int(found.replace(",", "")) for found in re.findall(r"[\d,]+(?= lines| members)", done.stdout))
    assert 190_000 <= lines <= 215_000
    assert members == 12_000


def test_submit_zip_is_reproducible_and_enough(tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    printed = run([SCRIPTS / "build_submit_zip.sh", first]).stdout
    run([SCRIPTS / "build_submit_zip.sh", second])
    assert first.read_bytes() == second.read_bytes()
    assert f'--py-files "{first}"' in printed
    names = zipfile.ZipFile(first).namelist()
    assert {name.split("/")[0] for name in names} == {"rfm_spark", "yaml"}
    assert not [name for name in names if name.endswith((".so", ".pyc"))]
    program = "import sys; sys.path.insert(0, sys.argv[1]); import yaml, rfm_spark.config.load as load; "
    program += "print(load.__file__, yaml.__file__)"
    loaded = run([sys.executable, "-I", "-S", "-c", program, first])
    assert loaded.stdout.count(str(first)) == 2, loaded.stderr


def test_examples_are_those_named() -> None:
    assert tuple(sorted(path.name for path in EXAMPLES.iterdir())) == EXAMPLE_NAMES


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_example_is_a_valid_configuration(name: str) -> None:
    config = checked_config(
        [str(ROOT / "conf"), str(EXAMPLES / name)], ["warehouse.path=/data", "identity.key.env=KEY"]
    )
    assert config.windows["lifetime"].lifetime
    assert "lifetime" in config.active_windows


@pytest.mark.slow
def test_demo_runs_and_runs_again(tmp_path: Path) -> None:
    folder = tmp_path / "my demo"
    first = run([SCRIPTS / "run_demo.sh", "--dir", folder])
    assert first.returncode == 0, first.stderr
    for segment in ("champions", "loyal", "cannot_lose", "at_risk", "hibernating", "new", "prospect", "lapsed"):
        assert re.search(rf"\b{segment}\b", first.stdout)
    assert stat.S_IMODE((folder / "identity.key").stat().st_mode) == 0o600
    logs = {path: path.stat().st_mtime_ns for path in folder.glob("warehouse/rfm_score/_delta_log/*.json")}
    second = run([SCRIPTS / "run_demo.sh", "--dir", folder])
    assert second.returncode == 0, second.stderr
    assert logs == {path: path.stat().st_mtime_ns for path in folder.glob("warehouse/rfm_score/_delta_log/*.json")}
