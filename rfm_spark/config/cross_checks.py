"""What only two sections together can tell: names that must exist, limits that must fit each other."""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from rfm_spark.config.choices import Dataset, Delivery
from rfm_spark.config.composite_types import Values
from rfm_spark.config.model import Config
from rfm_spark.config.problems import Problems, did_you_mean, nearest
from rfm_spark.config.source import Source

LARGEST_OFFSET = (18, 0)
"""Hours and minutes; Java knows no larger one."""


def check_across(config: Config, values: Values, problems: Problems) -> None:
    """Note every contradiction between sections."""
    checker = _Checker(config, values, problems)
    checker.check_active()
    checker.check_windows_named()
    checker.check_warehouse()
    checker.check_amounts()
    checker.check_currency()
    checker.check_time_zones()
    checker.check_sources()


class _Checker:
    def __init__(self, config: Config, values: Values, problems: Problems) -> None:
        self.config = config
        self.values = values
        self.problems = problems

    def place(self, section: str, key: str) -> str:
        found = self.values.get(section)
        return found.place(key) if isinstance(found, Values) else self.values.place(section)

    def name_exists(self, section: str, key: str, name: str, known: Iterable[str]) -> None:
        if name not in known:
            found = f"{section}.{key} names {name!r}, which is not declared"
            self.problems.add(self.place(section, key), found, next_step=did_you_mean(name, known))

    def check_active(self) -> None:
        for name in self.config.active_windows:
            self.name_exists("windows", "active", name, self.config.windows)
        for name in self.config.active_segment_sets:
            self.name_exists("segments", "active", name, self.config.segment_sets)

    def check_windows_named(self) -> None:
        main = self.config.scores.main_window
        sets = [self.config.segment_sets.get(name) for name in self.config.active_segment_sets]
        computed = {*self.config.active_windows, *(name for set_ in sets if set_ for name in set_.windows)}
        self.name_exists("scores", "main_window", main, self.config.windows)
        if main in self.config.windows and main not in computed:
            found = f"scores.main_window is {main}, which is not computed"
            self.problems.add(self.place("scores", "main_window"), found, next_step=f"add {main} to windows.active")
        self.name_exists("preferences", "window", self.config.preferences.window, self.config.windows)

    def check_warehouse(self) -> None:
        warehouse = self.config.warehouse
        if warehouse.path is not None and (warehouse.catalog or warehouse.schema):
            place = self.place("warehouse", "path")
            self.problems.add(place, "warehouse has a path and a catalog", "path, or catalog and schema")
        elif warehouse.catalog is not None and warehouse.schema is None:
            self.problems.add(self.place("warehouse", "catalog"), "warehouse has a catalog and no schema", "both")
        elif warehouse.schema is not None and warehouse.staging_path is None:
            found, expected = "warehouse has a schema and no staging_path", "a folder that every executor can write"
            self.problems.add(self.place("warehouse", "schema"), found, expected)
        files = warehouse.files
        if files is not None and files & (files - 1):
            self.problems.add(self.place("warehouse", "files"), f"warehouse.files is {files}", "a power of two")

    def check_amounts(self) -> None:
        orders = self.config.orders
        if Decimal(orders.min_amount) >= Decimal(orders.max_amount):
            found = f"orders.min_amount {orders.min_amount} is not below max_amount {orders.max_amount}"
            self.problems.add(self.place("orders", "min_amount"), found, "min_amount < max_amount")
        preferences = self.config.preferences
        if not Decimal(preferences.amount_weight) and not Decimal(preferences.event_weight):
            self.problems.add(
                self.place("preferences", "weights"), "preferences.weights are both 0", "at least one above 0"
            )

    def check_currency(self) -> None:
        for source in self.config.sources.values():
            mapping = source.columns.get("currency")
            if mapping is not None and self.config.orders.currency is None:
                found = f"sources.{source.name} has a currency column, but orders.currency is not set"
                self.problems.add(mapping.where, found, "orders: {currency: EUR}")

    def check_sources(self) -> None:
        for source in self.config.sources.values():
            owner = f"sources.{source.name}"
            if source.delivery is Delivery.BATCHES and not source.paths:
                found = f"{owner} has delivery: batches without files"
                self.problems.add(source.where, found, "files, which are the batches", "use delivery: days")
            self.check_orders_of(source, owner)
            given = {mapping.column: mapping.lookup for mapping in source.columns.values() if mapping.lookup}
            for lookup in source.lookups.values():
                other = given.get(lookup.source_key)
                if other is not None and other != lookup.name:
                    found = f"{owner}.lookups.{lookup.name} takes its key from the look-up {other}"
                    step = f"write source_key: {other}.{lookup.source_key}"
                    self.problems.add(lookup.where, found, "a key that is a column of the source", step)

    def check_orders_of(self, source: Source, owner: str) -> None:
        """Note a source about the orders of another one that has none, or whose members are of another kind."""
        if source.orders_of is None:
            return
        known = {
            name
            for name, other in self.config.sources.items()
            if other.dataset is Dataset.TRANSACTIONS and other.orders_of is None and "order_id" in other.columns
        }
        found, expected = f"{owner}.orders_of names {source.orders_of!r}", "a source of transactions with order numbers"
        if source.orders_of not in known or source.dataset is Dataset.EVENTS:
            self.problems.add(source.where, found, expected, did_you_mean(source.orders_of, known))
        elif source.each_line or not {"order_id", "refunded_order_id"} & source.fields:
            step = "map the column that has the other source's order number"
            self.problems.add(source.where, f"{owner} has orders_of and no order numbers", "order numbers", step)
        elif not source.has_member and "member" in source.fields:
            found = f"{owner}.also maps a member, and its lines have none"
            self.problems.add(source.where, found, "the member of the order for all of them")
        elif source.has_member and source.id_type != self.config.sources[source.orders_of].id_type:
            self.problems.add(source.where, f"{found} with another id_type", "one id_type for both")

    def check_time_zones(self) -> None:
        places = [(self.config.calendar.time_zone, self.place("calendar", "time_zone"), "calendar")]
        for source in self.config.sources.values():
            if source.time_zone is not None:
                places.append((source.time_zone, source.where, f"sources.{source.name}"))
        for zone, place, owner in places:
            if not _is_known(zone):
                found = f"{owner}.time_zone {zone!r} is not known"
                self.problems.add(place, found, "a zone like Europe/Berlin", nearest(zone, available_timezones()))


def _is_known(zone: str) -> bool:
    """Return whether the zone is an offset or a name of the zone database; without a database every name is.

    >>> _is_known("+05:30"), _is_known("-18:00"), _is_known("+18:01"), _is_known("+25:00"), _is_known("+05:75")
    (True, True, False, False, False)
    """
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        return minutes < 60 and (hours, minutes) <= LARGEST_OFFSET
    try:
        return bool(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return not available_timezones()
