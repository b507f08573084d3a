"""The page of the report: complete, small, readable by everybody, and safe whatever names it shows."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from rfm_spark.errors import UsageError
from rfm_spark.report.numbers import ReportNumbers, as_json
from rfm_spark.report.render import render_page, template_text
from rfm_spark.report.score_pictures import DEEPEST
from rfm_spark.text import amount, percent
from tests.unit.page_reader import PageReader
from tests.unit.report_samples import heat_map, report

SCRIPT = "</script><script>document.title='hit'</script>"
HOSTILE = (SCRIPT, "{{7*7}}", "{% raw %}", '"><img src=x onerror=alert(1)>', "</style></svg>]]>", "<!-- & -->")
LARGE = {"titles": tuple(f"Segment number {n}" for n in range(12)), "sets": 7, "dates": 24, "windows": 8}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def hostile() -> ReportNumbers:
    """Return a report in which every text that a configuration or a source gives is an attack."""
    numbers = report(HOSTILE, currency=SCRIPT)
    first = replace(numbers.sets[0], title=SCRIPT, title_zh=HOSTILE[3], window=HOSTILE[1], period=HOSTILE[2])
    return replace(
        numbers,
        sets=(first,),
        windows=(replace(numbers.windows[0], name=SCRIPT, period=HOSTILE[3]),),
        quality=(replace(numbers.quality[0], source=SCRIPT, reasons={HOSTILE[3]: 1}),),
    )


def test_names_that_look_like_code_stay_text():
    page = PageReader(render_page(hostile()))
    assert page.of("script") == [] == page.of("img")
    assert [one.text for one in page.of("title") if one.inside == ("html", "head")] == ["RFM report 2024-12-31"]
    assert {one.text for one in page.of("h4")} == {" ".join(f"{title} 忠诚会员".split()) for title in HOSTILE}
    labels = {one.text for one in page.of("text")}
    assert {"{{7*7}}", "{% raw %}"} <= labels
    assert not any("49" in one.text for one in page.of("h4"))


def test_a_real_browser_runs_nothing_of_it(tmp_path: Path):
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"no browser on PATH: {', '.join(BROWSERS)}")
    file = tmp_path / "report.html"
    file.write_text(render_page(hostile()), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    shown = subprocess.run([browser, *flags, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    page = PageReader(shown.stdout)
    assert page.of("script") == [] == page.of("img")
    assert page.of("title")[0].text == "RFM report 2024-12-31"
    assert SCRIPT in page.of("h2")[1].text
    assert len(page.of("h4")) == len(HOSTILE)


def test_the_page_fetches_nothing_and_runs_nothing():
    page = render_page(report())
    reader = PageReader(page)
    assert not re.search(r"https?:|//|@import|url\(|javascript:|\son\w+=", page)
    assert {one.attributes.get("href", "#")[0] for one in reader.elements} == {"#"}
    assert all("src" not in one.attributes for one in reader.elements)
    assert {one.tag for one in reader.elements} & {"script", "link", "iframe", "object", "img", "image", "use"} == set()


def test_every_picture_has_a_title_and_its_sentence():
    reader = PageReader(render_page(report(sets=2)))
    pictures = reader.of("svg")
    known = {one.attributes["id"]: one.text for one in reader.elements if "id" in one.attributes}
    captions = {one.text for one in reader.of("figcaption")}
    assert len(pictures) == 2 * 2 + 1 + 1 + 1
    for picture in pictures:
        title, sentence = (known[name] for name in picture.attributes["aria-labelledby"].split())
        assert picture.attributes["role"] == "img"
        assert title
        assert sentence in captions
        assert re.search(r"\d", sentence)


def test_ids_are_used_once():
    names = [one.attributes["id"] for one in PageReader(render_page(report(sets=3))).elements if "id" in one.attributes]
    assert len(names) == len(set(names))


def test_the_largest_report_is_under_500_kilobytes():
    numbers = report(**LARGE)
    assert len(render_page(numbers).encode()) < 500_000
    assert len(as_json(numbers).encode()) < 1_000_000


def test_page_and_json_agree():
    numbers = report(sets=2)
    data = json.loads(as_json(numbers))
    reader = PageReader(render_page(numbers))
    texts = {one.text for one in reader.elements if one.tag in ("td", "text", "th")}
    assert data["as_of"] == "2024-12-31"
    for size in data["sets"][0]["sizes"]:
        shown = {f"{size['member_count']:,}", f"{size['order_count']:,}", amount(Fraction(size["net_amount"]))}
        assert shown <= texts
        assert {percent(Fraction(size["member_share"])), percent(Fraction(size["amount_share"]))} <= texts
    for cell in data["sets"][0]["heat_map"]["cells"]:
        assert f"{cell['member_count']:,}" in texts
    for cause, count in data["sets"][0]["migration"]["causes"].items():
        assert f"{count:,}" in texts, cause
    assert "bad date 45, bad amount 5" in texts


def test_numbers_name_no_member():
    assert "member_id" not in as_json(report())


def test_where_there_is_no_history_a_sentence_says_what_to_run():
    bare = replace(report(dates=1).sets[0], no_history="Run rfm-spark track.", heat_map=None, dwell=(), retention=())
    reader = PageReader(render_page(replace(report(dates=1), sets=(bare,), quality=(), comparisons=(), windows=())))
    captions = {one.text for one in reader.of("figcaption")}
    assert "Run rfm-spark track." in captions
    assert "There is only one date, so there is nothing to compare over time." in captions
    assert "No ingest is recorded, so the quality of the data is not known." in captions


def test_a_set_without_members_is_shown_as_empty():
    empty = replace(report().sets[0], member_count=0, sizes=(), trends=(), migration=None, no_history="None.")
    text = render_page(replace(report(), sets=(empty,)))
    assert "Set 0 has no members at this date." in text


def test_ten_bins_still_fit_into_the_map():
    wide = replace(report().sets[0], heat_map=heat_map(["segment_0", "segment_1"], bins=10))
    assert "R10" in {one.text for one in PageReader(render_page(replace(report(), sets=(wide,)))).of("text")}


def test_without_jinja_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match=r'pip install "rfm-spark\[report\]"'):
        render_page(report())


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    full = "".join(sign * 2 for sign in colour[1:]) if len(colour) == 4 else colour[1:]
    parts = [int(full[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(over: str, under: str, opacity: float) -> str:
    """Return the colour of a half transparent one over another."""
    pairs = [
        (int(over[n : n + 2], 16), int((under * 2 if len(under) == 4 else under)[n : n + 2], 16)) for n in (1, 3, 5)
    ]
    return "#" + "".join(f"{round(top * opacity + ground * (1 - opacity)):02x}" for top, ground in pairs)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_letters_have_contrast_in_every_scheme(scheme: int):
    blocks = re.findall(r":root \{(.*?)\}", template_text("style.css.j2"), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w+)", blocks[scheme]))
    card = "#ffffff" if colours["card"] == "#fff" else colours["card"]
    for ground in (colours["page"], colours["card"]):
        assert all(contrast(colours[name], ground) >= 4.5 for name in ("ink", "soft", "accent"))
        assert all(contrast(colours[name], ground) >= 3 for name in ("members", "amount"))
    assert contrast(colours["ink"], mixed(colours["members"], card, DEEPEST)) >= 4.5
