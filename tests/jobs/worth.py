"""A shop of two segment sets, whose tiers tests retitle, restore and race for."""

from datetime import date

from tests.jobs.shop import Shop
from tests.oracles.lines import random_lines

FEBRUARY, MARCH, APRIL = date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)
RANGE = ("--from", "2024-02-01", "--to", "2024-03-31")
AGAIN = ("--reprocess", "all", "--reason", "repair")
FEW = (
    "windows.active=[recent]", "scores.main_window=recent", "preferences.window=recent", "checks.max_member_fall=0.9",
)  # fmt: skip
LINES = random_lines(seed=11, members=40, days=85)
WORTH = """
segments:
  active: [worth, pace]
  worth:
    title: {en: Worth of members}
    window: recent
    rules:
      - {segment: gold, when: {m: high}}
      - {segment: silver, when: {m: mid}}
    otherwise: bronze
    lapsed: bronze
    names:
      gold: {title: {en: Gold}, meaning: The best by amount, advice: Keep}
      silver: {title: {en: Silver}, meaning: The middle by amount, advice: Raise}
      bronze: {title: {en: Bronze}, meaning: The least by amount, advice: Wake}
  pace:
    title: {en: Pace of members}
    window: recent
    rules: [{segment: quick, when: {f: high}}]
    otherwise: slow
    lapsed: slow
    names:
      quick: {title: {en: Quick}, meaning: Many orders, advice: Thank}
      slow: {title: {en: Slow}, meaning: Few orders, advice: Ask}
"""
NEW_TITLE = WORTH.replace("title: {en: Gold}", "title: {en: Jewel}")
NEW_SEGMENT = WORTH.replace("segment: gold", "segment: jewel").replace("gold: {", "jewel: {")


def complaints(shop: Shop) -> str:
    """Return what the doctor finds, which must be errors."""
    said = shop.run("doctor")
    assert said.exit_code == 3, said.out
    return said.err
