"""Windows and scores: the defaults of `scores` and each window's own keys become frozen profiles."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from rfm_spark.config.choices import Frequency, Method, Metric, Monetary, OnBreach, Population, Ties
from rfm_spark.config.composite_types import Values
from rfm_spark.config.model import MetricScoring, Minimum, Scores, Window
from rfm_spark.config.problems import Problems
from rfm_spark.text import counted

AVERAGES = (Method.MEAN, Method.MEDIAN)


def build_scores(values: Values) -> Scores:
    """Return what concerns a run as a whole."""
    minimum = values.get("minimum")
    kept = {} if minimum is None else minimum.kept("members", "days_of_history", "on_breach")
    default = Minimum()
    return Scores(
        main_window=values.get("main_window", Scores().main_window),
        minimum=Minimum(
            kept.get("members", default.members),
            kept.get("days_of_history", default.days_of_history),
            kept.get("on_breach", OnBreach.WARN),
        ),
    )


def build_window(name: str, values: Values, defaults: Values, problems: Problems) -> Window:
    """Return one window; what its own keys leave open comes from `scores`."""
    profile = _Profile(name, values, defaults, problems)
    days = values.get("days")
    decay = profile.either("decay")
    window = Window(
        name=name,
        days=days if isinstance(days, int) else None,
        months=values.get("months"),
        lifetime=days == "all",
        population=profile.either("population") or Population.WINDOW,
        frequency=profile.either("frequency") or Frequency.ORDERS,
        monetary=profile.either("monetary") or Monetary.NET,
        half_life_days=None if decay is None else decay.get("half_life_days"),
        recency_scoring=profile.scoring(Metric.RECENCY),
        frequency_scoring=profile.scoring(Metric.FREQUENCY),
        monetary_scoring=profile.scoring(Metric.MONETARY),
        where=values.where,
    )
    profile.check(window)
    return window


class _Profile:
    """One window being put together."""

    def __init__(self, name: str, values: Values, defaults: Values, problems: Problems) -> None:
        self.path = f"windows.{name}"
        self.values = values
        self.defaults = defaults
        self.problems = problems

    def either(self, key: str) -> Any:
        return self.values.get(key, self.defaults.get(key))

    def own(self, key: str, metric: Metric) -> Any:
        return _of_metric(self.values.get(key), metric)

    def setting(self, key: str, metric: Metric) -> Any:
        own = self.own(key, metric)
        return _of_metric(self.defaults.get(key), metric) if own is None else own

    def method(self, metric: Metric) -> Method:
        own = self.own("method", metric)
        if own is None and "frozen" in self.values:
            return Method.FROZEN
        return own or self.setting("method", metric) or Method.NTILE

    def scoring(self, metric: Metric) -> MetricScoring:
        method = self.method(metric)
        frozen = self.either("frozen")
        return MetricScoring(
            method=method,
            ties=self.setting("ties", metric) or Ties.TOGETHER,
            bins=self.bins(metric, method),
            weight=self.weight(metric),
            thresholds=self.thresholds(metric) if method is Method.THRESHOLDS else (),
            frozen_from=frozen.get("from") if frozen is not None and method is Method.FROZEN else None,
        )

    def bins(self, metric: Metric, method: Method) -> int:
        if method not in AVERAGES:
            return int(self.setting("bins", metric) or 5)
        own = self.own("bins", metric)
        if own not in (None, 2):
            self.error("bins", f"has {own} bins for {metric.letter} with method: {method}", "2 bins: above it or not")
        return 2

    def has_weight(self) -> bool:
        return any(Decimal(self.setting("weights", metric) or "1") for metric in Metric)

    def weight(self, metric: Metric) -> str:
        """Return the weight; where all are 0, which is an error, 1, so that the other checks can go on."""
        return str(self.setting("weights", metric) or "1") if self.has_weight() else "1"

    def thresholds(self, metric: Metric) -> tuple[str, ...]:
        return tuple(self.setting("thresholds", metric) or ())

    def error(self, key: str, found: str, expected: str = "", next_step: str = "") -> None:
        self.problems.add(self.values.place(key), f"{self.path} {found}", expected, next_step)

    def check(self, window: Window) -> None:
        self.check_period()
        for metric in Metric:
            self.check_metric(metric, window)
        if not self.has_weight():
            self.error("weights", "has only weights of 0", "at least one above 0")
        self.check_decay(window)
        self.check_use(window)

    def check_period(self) -> None:
        if ("days" in self.values) == ("months" in self.values):
            found = "has both days and months" if "days" in self.values else "has no period"
            self.error("months", found, "days or months", "write days: 365, days: all or months: 12")

    def check_metric(self, metric: Metric, window: Window) -> None:
        scoring = window.scoring(metric)
        if scoring.method is Method.FROZEN and scoring.frozen_from is None:
            self.error("method", f"freezes {metric.letter} without a date", "frozen: {from: YYYY-MM-DD}")
        if scoring.method is not Method.THRESHOLDS:
            return
        numbers = [Decimal(text) for text in scoring.thresholds]
        if len(numbers) != scoring.bins - 1:
            count = f"has {counted(len(numbers), 'threshold')} for {metric.letter} and {scoring.bins} bins"
            self.error("thresholds", count, "one threshold fewer than bins")
        if any(low >= high for low, high in pairwise(numbers)):
            self.error(
                "thresholds", f"has thresholds for {metric.letter} that do not rise", "each above the one before"
            )
        counts_whole = metric is Metric.RECENCY or (metric is Metric.FREQUENCY and window.half_life_days is None)
        if counts_whole and any(number != int(number) or number < 0 for number in numbers):
            self.error(
                "thresholds",
                f"has thresholds for {metric.letter} that are not whole numbers from 0",
                "whole numbers: days, orders",
            )

    def check_decay(self, window: Window) -> None:
        if window.half_life_days is None:
            return
        if window.monetary is not Monetary.NET:
            self.error(
                "decay", f"has decay and monetary: {window.monetary}", "monetary: net: decay weights net amounts"
            )
        if window.frequency is not Frequency.ORDERS:
            self.error(
                "decay", f"has decay and frequency: {window.frequency}", "frequency: orders: decay weights orders"
            )

    def check_use(self, window: Window) -> None:
        methods = {window.scoring(metric).method for metric in Metric}
        for key, method in (("ties", Method.NTILE), ("thresholds", Method.THRESHOLDS), ("frozen", Method.FROZEN)):
            if key in self.values and method not in methods:
                self.error(key, f"sets {key}, but no metric is scored by {method}", f"method: {method}")


def _of_metric(setting: Any, metric: Metric) -> Any:
    """Return the metric's part of a setting that is one value for all, or one for each."""
    return setting.get(metric.letter) if isinstance(setting, Values) else setting
