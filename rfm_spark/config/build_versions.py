"""`delivery: changes`: the column that names an order, and the one that tells its newest version."""

from collections.abc import Mapping

from rfm_spark.config.choices import Dataset, Delivery
from rfm_spark.config.composite_types import Values
from rfm_spark.config.date_formats import check_formats
from rfm_spark.config.problems import Problems
from rfm_spark.config.source import KEY_FIELD, VERSION_FIELD, VERSION_NUMBER, ColumnMapping


def version_columns(path: str, values: Values, dataset: Dataset, problems: Problems) -> Mapping[str, ColumnMapping]:
    """Return the mappings of the fields `key` and `version`; none where the source does not deliver changes."""
    keys = (KEY_FIELD, VERSION_FIELD)
    delivery = values.get("delivery", Delivery.DAYS)
    if delivery is not Delivery.CHANGES:
        for key in keys:
            if key in values:
                problems.add(values.place(key), f"{path}.{key} with delivery: {delivery}", "delivery: changes")
        return {}
    if dataset is Dataset.EVENTS:
        found, step = f"{path} delivers changes of events", "map event_id: the newest delivery of an event counts"
        problems.add(values.place("delivery"), found, "delivery: changes of transactions", step)
    missing = [key for key in keys if key not in values.places]
    if missing:
        found = f"{path} delivers changes and has no {' and no '.join(missing)}"
        problems.add(values.place("delivery"), found, "key: order_id and version: updated_at, for example")
    if not all(key in values for key in keys):
        return {}
    key, where = values.get(KEY_FIELD), values.place(VERSION_FIELD)
    return {
        KEY_FIELD: ColumnMapping(first_of=(key,), where=values.place(KEY_FIELD)),
        VERSION_FIELD: _version(values.get(VERSION_FIELD), where, f"{path}.{VERSION_FIELD}", problems),
    }


def _version(value: str | Values, where: str, full: str, problems: Problems) -> ColumnMapping:
    if isinstance(value, str):
        return ColumnMapping(column=value, where=where)
    formats = value.get("format", ())
    if formats != (VERSION_NUMBER,):
        check_formats(formats, where, full, problems)
    return ColumnMapping(column=value.get("column"), formats=formats, where=where)
