"""The page: chapters through templates that escape every text; nothing in it is fetched, and nothing runs."""

from importlib.resources import files

from rfm_spark.errors import UsageError
from rfm_spark.report.chapters import chapters_of, shares_line, tiles_of
from rfm_spark.report.numbers import ReportNumbers
from rfm_spark.report.sentences import dates_sentence

TEMPLATES = "templates"
PAGE = "page.html.j2"


def require_jinja() -> None:
    """Fail before any work where the page could not be made at its end."""
    try:
        import jinja2  # noqa: F401  # only whether it is there
    except ImportError:
        raise UsageError(
            "report", "jinja2 is not installed", 'the extra "report"', 'run pip install "rfm-spark[report]"'
        ) from None


def render_page(numbers: ReportNumbers) -> str:
    """Return the report as one self-contained HTML page."""
    require_jinja()
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(template_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(PAGE).render(
        numbers=numbers,
        summary=shares_line(numbers.sets),
        dates=dates_sentence(numbers),
        tiles=tiles_of(numbers),
        chapters=chapters_of(numbers),
    )


def template_text(name: str) -> str:
    """Return a template of the package, also out of a zip."""
    return files("rfm_spark.report").joinpath(TEMPLATES, name).read_text(encoding="utf-8")
