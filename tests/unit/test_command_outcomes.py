"""What a command tells at its end: exit code, lines, result file."""

import io
import json
import sys
from datetime import date
from pathlib import Path

import pytest

from rfm_spark.cli import main, read_request, written
from rfm_spark.config.load import read_config
from rfm_spark.errors import DataCheckError, ExitCode
from rfm_spark.steps.request import Outcome, Request, Status

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "s3a://bucket/result.json"


def request(result_path: Path | str) -> Request:
    return Request("run", as_of=date(2024, 1, 31), run_id="r1", result_path=str(result_path))


def test_a_result_file_that_cannot_be_written_hides_no_error_of_the_configuration(capsys: pytest.CaptureFixture[str]):
    exit_code = main([
        "check", "--config", str(ROOT / "conf"), "--set", "windows.year.dayz=3", "--result-path", NOWHERE,
    ])  # fmt: skip
    said = capsys.readouterr().err
    assert exit_code == 2
    assert "dayz" in said
    assert "--result-path: no session to write a URI with" in said


def test_a_result_file_that_cannot_be_written_changes_no_exit_code_but_that_of_success(tmp_path: Path):
    blocked = request(tmp_path / "file" / "result.json")
    (tmp_path / "file").write_text("in the way")
    stopped = written(blocked, Outcome.of_error(DataCheckError("ingest", "too many")), 0.0)
    assert (stopped.exit_code, stopped.message) == (ExitCode.CHECK_FAILED, "ingest: too many")
    assert stopped.lines[0].startswith("--result-path: ")
    went_well = written(blocked, Outcome(Status.PUBLISHED, "2024-01-31 is published"), 0.0)
    assert went_well.exit_code is ExitCode.FAILED
    assert went_well.message.startswith("--result-path: ")
    assert "run: 2024-01-31 is published" in went_well.lines


def test_a_failure_before_the_date_is_told_of_the_date_with_its_exit_code_and_words(tmp_path: Path):
    path = tmp_path / "result.json"
    written(
        request(path), Outcome.of_error(DataCheckError("ingest", "too many")).with_notes(["nobody has score 2"]), 0.0
    )
    body = json.loads(path.read_text())
    (of_date,) = body["dates"]
    assert (of_date["exit_code"], of_date["message"]) == (body["exit_code"], body["message"]) == (3, "ingest: too many")
    assert body["notes"] == ["nobody has score 2"]


def test_a_configuration_behind_a_uri_is_read_by_the_session_and_its_trouble_is_named():
    def read(location: str) -> dict[str, bytes]:
        if "none" in location:
            raise OSError(0, "PATH_NOT_FOUND", location)
        return {} if "empty" in location else {f"{location}/windows.yaml": b"windows: {active: [yearly]}"}

    def problems(location: str) -> str:
        return "; ".join(problem.sentence() for problem in read_config([location], (), read).problems)

    assert "s3a://lake/none cannot be read: PATH_NOT_FOUND" in problems("s3a://lake/none")
    assert "s3a://lake/empty holds no YAML file" in problems("s3a://lake/empty")
    assert "s3a://lake/conf/windows.yaml" in problems("s3a://lake/conf")


def test_a_reference_of_a_member_can_stay_off_the_command_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("C-1004\nnext line\n"))
    asked = read_request(["explain", "--as-of", "2024-01-31", "--member", "-"])
    assert asked.member == "C-1004"
    assert "C-1004" not in repr(asked)
