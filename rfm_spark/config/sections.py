"""The sections of the configuration and every key of theirs: what may be written where, and what it means.

One top-level section per file is the habit of `conf/`; a file may also hold several. docs/configuration.md and
conf/schema.json are made from here.
"""

from rfm_spark.config import choices as w
from rfm_spark.config.composite_types import Key, ListOf, RuleText, SecretPlace, Struct
from rfm_spark.config.named_types import (
    CATALOG_PART,
    FOLDER_PATH,
    NAME,
    PREFERENCE_WEIGHT,
    SEGMENT_NAME,
    TIME_ZONE,
    TITLE,
    WEIGHT,
    WHOLE,
    defined,
    per_metric,
)
from rfm_spark.config.source_keys import SOURCE
from rfm_spark.config.value_types import Choice, Day, Number, NumberOrWord, Text
from rfm_spark.dates import Every

THRESHOLDS = defined("thresholds", ListOf(Number(-(10**13), text=True), least=1))
SCORING = {
    "method": Key(per_metric(Choice(w.Method)), "how boundaries between scores are found; see design.md"),
    "ties": Key(per_metric(Choice(w.Ties)), "score of equal values on a boundary, with `ntile`"),
    "bins": Key(per_metric(Number(2, 10, whole=True)), "number of scores; the highest is best"),
    "weights": Struct(
        {
            "r": Key(WEIGHT, "weight of R in composite_score"),
            "f": Key(WEIGHT, "weight of F in composite_score"),
            "m": Key(WEIGHT, "weight of M in composite_score"),
        }
    ),
    "thresholds": Struct(
        {
            "r": Key(THRESHOLDS, "rising limits of R in days, each the last day of its score"),
            "f": Key(THRESHOLDS, "rising limits of F, each the first value of its score"),
            "m": Key(THRESHOLDS, "rising limits of M, each the first value of its score"),
        }
    ),
    "frozen": Struct({"from": Key(Day(), "date whose boundaries are used, with `frozen`")}, required=("from",)),
    "frequency": Key(Choice(w.Frequency), "what F counts: orders, or days with an order"),
    "monetary": Key(Choice(w.Monetary), "what M is: net amount, gross amount, or net amount per order"),
    "population": Key(Choice(w.Population), "`window`: members with an order in it; `ever`: all earlier buyers too"),
    "decay": Struct(
        {"half_life_days": Key(WHOLE, "days after which an order counts half")}, required=("half_life_days",)
    ),
}
WINDOW = Struct(
    {
        "days": Key(NumberOrWord(WHOLE, "all"), "length in days up to the as-of date, or `all` for the whole life"),
        "months": Key(Number(1, 1200, whole=True), "length in months, instead of `days`"),
        **SCORING,
    },
    what="a mapping like {days: 365}",
)
SEGMENT_TEXTS = Struct(
    {
        "title": Key(TITLE, "title of a segment, by language"),
        "meaning": Key(Text(), "who is in the segment"),
        "advice": Key(Text(), "what to do"),
        "channel": Key(Text(), "by which channel"),
        "frequency": Key(Text(), "how often"),
    }
)
SEGMENT_SET = Struct(
    {
        "window": Key(NAME, "window whose fields the rules read"),
        "rules": Key(
            ListOf(
                Struct(
                    {
                        "segment": Key(SEGMENT_NAME, "segment of the members that match"),
                        "when": Key(RuleText(), "rule; see rules.md"),
                    },
                    ("segment", "when"),
                    what="{segment: X, when: RULE}",
                ),
                least=1,
            ),
            "ordered rules, the first that matches decides",
        ),
        "otherwise": Key(SEGMENT_NAME, "segment of members whom no rule matches; without it the rules must match all"),
        "lapsed": Key(SEGMENT_NAME, "segment of members with earlier orders and none in the window"),
        "prospect": Key(SEGMENT_NAME, "segment of members with an event and no sale"),
        "title": Key(TITLE, "title of the set, by language"),
        "names": Struct(
            {}, others=SEGMENT_TEXTS, names=SEGMENT_NAME.pattern, names_what=SEGMENT_NAME.what,
        ),
    },
    required=("window", "rules"),
)  # fmt: skip
MINIMUM = Struct(
    {
        "members": Key(Number(0, 10**9, whole=True), "members that a window needs"),
        "days_of_history": Key(Number(0, 100_000, whole=True), "days since the first order that a date needs"),
        "on_breach": Key(Choice(w.OnBreach), "`warn`, or `stop`: the date is not published, exit 3"),
    }
)
SHARE = Number(0, 1_000_000)
CHECKS = {
    "max_rejected_share": Key(SHARE, "share of rejected lines of a source"),
    "max_member_fall": Key(SHARE, "fall of the members of the main window since the published date before"),
    "max_amount_rise": Key(SHARE, "rise of the net amount of the main window; 5 is six times as much"),
}
CONFIGURATION = Struct(
    {
        "warehouse": Key(
            Struct(
                {
                    "path": Key(FOLDER_PATH, "folder of the tables, one folder per table"),
                    "catalog": Key(CATALOG_PART, "catalog of the tables, instead of `path`; needs `schema`"),
                    "schema": Key(CATALOG_PART, "schema of the tables, with or without `catalog`"),
                    "staging_path": Key(FOLDER_PATH, "folder for intermediate files; without it `_staging` in `path`"),
                    "files": Key(
                        Number(1, 65_536, whole=True), "files per partition, a power of two; without it by size"
                    ),
                }
            ),
            "Where the tables are.",
        ),
        "calendar": Key(Struct({"time_zone": Key(TIME_ZONE, "zone in which days begin and end")}), "The one calendar."),
        "sources": Key(Struct({}, others=SOURCE), "What is read, one entry per source."),
        "orders": Key(
            Struct(
                {
                    "refunds": Key(Choice(w.Refunds), "what a refund lowers: its order, its own day, or nothing"),
                    "unknown_refunds": Key(
                        Choice(w.UnknownRefunds),
                        "what a refund does whose order is unknown or left out: it lowers its own day, changes nothing,"
                        " or is rejected",
                    ),
                    "min_amount": Key(Number(text=True), "smallest amount of a line; below it is rejected"),
                    "max_amount": Key(Number(text=True), "largest amount of a line; above it is rejected"),
                    "currency": Key(Text(r"[A-Z]{3}", "a currency of three capitals, like EUR"), "the one currency"),
                }
            ),
            "What amounts and refunds mean.",
        ),
        "identity": Key(
            Struct(
                {
                    "method": Key(Choice(w.IdMethod), "`hash`: a keyed hash; `integer`: the number itself"),
                    "key": Key(SecretPlace(), "file or variable that holds the key of the hash, 16 bytes or more"),
                    "overrides": Key(
                        ListOf(Text(r"[0-9a-f]{64}", "the whole fingerprint that the ingest named, quoted")),
                        "references that take their second id, where two had one id",
                    ),
                }
            ),
            "How a member's reference becomes member_id.",
        ),
        "tags": Key(
            Struct(
                {
                    "classes": Struct(
                        {},
                        others=Struct(
                            {"column": Key(Choice(w.TagColumn), "field whose values are the tags of the class")},
                            required=("column",),
                        ),
                    ),
                    "event_types": Key(ListOf(Text()), "event types that count; without it all"),
                }
            ),
            "Which fields give preferences, and which events count.",
        ),
        "windows": Key(
            Struct(
                {"active": Key(ListOf(NAME), "windows to compute, beside those that an active segment set names")},
                others=WINDOW,
            ),
            "Periods that end at the as-of date. A window may also set every key of `scores` after `minimum`.",
        ),
        "scores": Key(
            Struct(
                {
                    "main_window": Key(NAME, "window of the scores in member_profile, and of `checks`"),
                    "minimum": MINIMUM,
                    **SCORING,
                }
            ),
            "How every window scores, unless it says otherwise.",
        ),
        "segments": Key(
            Struct({"active": Key(ListOf(NAME), "segment sets to compute")}, others=SEGMENT_SET),
            "Segment sets. The rules, and the fields that they may use: [rules.md](rules.md).",
        ),
        "history": Key(
            Struct({"every": Key(Choice(Every), "each day, each Sunday, or the last day of each month or quarter")}),
            "Which dates history compares.",
        ),
        "preferences": Key(
            Struct(
                {
                    "window": Key(NAME, "window whose period counts"),
                    "top": Key(Number(1, 20, whole=True), "values to keep per class"),
                    "weights": Struct(
                        {
                            "amount": Key(PREFERENCE_WEIGHT, "weight of the share of the amount"),
                            "events": Key(PREFERENCE_WEIGHT, "weight of the share of the events"),
                        }
                    ),
                }
            ),
            "How strong a preference is.",
        ),
        "checks": Key(
            Struct(CHECKS, nullable=tuple(CHECKS)),
            "Limits above which `ingest` and `run` stop with exit 3; `null` means not checked.",
        ),
    }
)
