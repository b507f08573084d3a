"""A verb is declared once: its job file, its parser and the README say what the declaration says."""

import ast
from pathlib import Path

import pytest

from rfm_spark.cli import VERBS, build_parser, declaration
from rfm_spark.contracts.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
NAMES = {table.name for table in TABLES}


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_every_verb_has_a_job_file_and_every_job_file_is_a_verb():
    assert {path.stem for path in (ROOT / "jobs").glob("*.py")} - {"__init__"} == set(VERBS)


def test_every_module_of_steps_that_declares_a_verb_is_listed():
    declaring = {path.stem for path in (ROOT / "rfm_spark" / "steps").glob("*.py") if "\nVERB = " in path.read_text()}
    assert declaring == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_job_file_says_what_the_verb_writes_and_what_it_never_does(verb: str):
    docstring = ast.get_docstring(ast.parse((ROOT / "jobs" / f"{verb}.py").read_text()))
    assert one_line(docstring or "") == one_line(declaration(verb).description())


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_names_tables_that_exist(verb: str):
    written = set(declaration(verb).writes)
    assert written <= NAMES or verb == "init"


@pytest.mark.parametrize("verb", VERBS)
def test_the_parser_takes_the_flags_of_the_declaration(verb: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        build_parser([verb]).parse_args([verb, "--help"])
    said = capsys.readouterr().out
    flags = declaration(verb).all_flags()
    assert all((flag.metavar if flag.is_positional else f"--{flag.name}") in said for flag in flags)
