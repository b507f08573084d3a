"""One plain sentence per key of the configuration, for docs/configuration.md; a test asks for one of every key."""

SECTIONS = {
    "warehouse": "Where the tables are.",
    "calendar": "The one calendar of all sources.",
    "sources": "What is read, one entry per source; see docs/operating.md for what an ingest replaces.",
    "orders": "What amounts and refunds mean.",
    "identity": "How a member's reference becomes member_id.",
    "tags": "Which columns give preferences, and which events count.",
    "windows": "Periods that end at the as-of date, and how members are scored in them. A window may set every key of "
    "`scores` but `main_window` and `minimum`.",
    "scores": "How windows score, where they say nothing else. A value may be one for all metrics or `{r: .., f: "
    ".., m: ..}`.",
    "segments": "Segment sets: ordered rules, first match wins; see docs/rules.md.",
    "history": "Which dates history compares.",
    "preferences": "How strong a preference is.",
    "checks": "Limits above which `ingest` and `run` stop with exit 3; null = not checked.",
}

MEANINGS = {
    "warehouse.path": "folder of the tables, one folder per table; or a catalog and schema",
    "warehouse.catalog": "catalog of the tables, with `schema`",
    "warehouse.schema": "schema of the tables, with or without `catalog`",
    "warehouse.staging_path": "folder for intermediate files; without it `_staging` in `path`",
    "warehouse.files": "files per partition, a power of two; without it by the number of rows",
    "calendar.time_zone": "zone in which days begin and end",
    "sources.NAME.dataset": "what the lines are: transactions or events",
    "sources.NAME.format": "how the source is read",
    "sources.NAME.path": "one path or several, with wildcards; a list is read as one",
    "sources.NAME.table": "a Delta table of the catalog instead of `path`",
    "sources.NAME.jdbc.url": "address of the database",
    "sources.NAME.jdbc.table": "table or view to read",
    "sources.NAME.jdbc.driver": "class of the driver, where Spark does not find it",
    "sources.NAME.jdbc.user": "file or environment variable that holds the user",
    "sources.NAME.jdbc.password": "file or environment variable that holds the password",
    "sources.NAME.jdbc.partition_column": "column by which the table is read in parts",
    "sources.NAME.jdbc.lower_bound": "where the first part ends at the earliest",
    "sources.NAME.jdbc.upper_bound": "where the last part begins at the latest",
    "sources.NAME.jdbc.partitions": "number of parts",
    "sources.NAME.jdbc.fetch_size": "rows per round trip",
    "sources.NAME.options.NAME": 'an option of Spark\'s reader for the format, like `header: true` or `sep: ";"` for '
    "CSV; options that decide which files or columns are read are refused",
    "sources.NAME.skip_lines": "lines at the beginning of a text file that are left out, with `format: text`",
    "sources.NAME.delivery": "`days`: the input is complete for the asked days; `batches`: each file is a unit",
    "sources.NAME.time_zone": "zone of times without an offset; without it the zone of the calendar",
    "sources.NAME.id_type": "kind of reference: equal references of one kind are one member, whatever the source",
    "sources.NAME.columns.member": "the member's reference",
    "sources.NAME.columns.ordered_at": "day or instant of the line",
    "sources.NAME.columns.amount": "amount of the line; `{multiply: [price, quantity]}` for a product. For cents give "
    "a factor of its own: `unit_price: {value: 0.01}` and `amount: {multiply: [cents, unit_price]}`",
    "sources.NAME.columns.order_id": "order number; without it all lines of a member, source and day are one order",
    "sources.NAME.columns.refunded_order_id": "order that a refund names",
    "sources.NAME.columns.unit_price": "price of one piece, for products",
    "sources.NAME.columns.quantity": "pieces",
    "sources.NAME.columns.currency": "currency; lines in another than `orders.currency` are rejected",
    "sources.NAME.columns.category": "category of what was bought or looked at",
    "sources.NAME.columns.brand": "brand of it",
    "sources.NAME.columns.channel": "channel of the purchase or event",
    "sources.NAME.columns.promotion": "promotion under which the line was sold",
    "sources.NAME.columns.event_at": "day or instant of the event",
    "sources.NAME.columns.event_type": "what happened, in your word: view, cart, search",
    "sources.NAME.columns.event_id": "number of the event; without it a fingerprint of the line",
    "sources.NAME.columns.campaign": "campaign of the event",
    "sources.NAME.rules.exclude": "lines that are left out and counted as such",
    "sources.NAME.rules.refund": "lines that are refunds",
    "sources.NAME.rules.sale": "lines that are sales",
    "sources.NAME.rules.otherwise": "what a line is that none of the three matches",
    "sources.NAME.lookups.NAME.format": "format of the second file",
    "sources.NAME.lookups.NAME.path": "where it is",
    "sources.NAME.lookups.NAME.key": "its key column, one row per key",
    "sources.NAME.lookups.NAME.source_key": "column of the source that holds the key",
    "sources.NAME.lookups.NAME.missing": "value where the key is not in the file; without it NULL",
    "sources.NAME.lookups.NAME.options.NAME": "an option of Spark's reader",
    "sources.NAME.drop_duplicates": "keep one of lines that are equal in every column",
    "sources.NAME.missing_members": 'texts that mean no member, like `"0"` or `"NULL"`',
    "orders.refunds": "what a refund lowers; see docs/design.md",
    "orders.min_amount": "smallest amount of a line; below it is rejected",
    "orders.max_amount": "largest amount of a line; above it is rejected",
    "orders.currency": "the one currency",
    "identity.method": "`hash`: a keyed hash of the reference; `integer`: references that are clean integers pass "
    "through",
    "identity.key": "file or environment variable that holds the key of the hash, 16 bytes or more",
    "identity.overrides": "fingerprints that an ingest named when two references had one id",
    "tags.classes.NAME.column": "column whose values are the tags of the class",
    "tags.event_types": "event types that count; without it all",
    "windows.active": "windows that are computed, beside those that an active segment set names",
    "windows.NAME.days": "length in days, or `all` for the whole life",
    "windows.NAME.months": "or length in months",
    "scores.main_window": "window of the label and scores in member_profile, and of `checks`",
    "scores.minimum.members": "members that a window needs",
    "scores.minimum.days_of_history": "days since the first order that a date needs",
    "scores.minimum.on_breach": "`warn`, or `stop`: the date is not published",
    "scores.method": "where scores begin; see docs/design.md",
    "scores.ties": "what equal values get, for `ntile`",
    "scores.bins": "number of scores",
    "scores.weights.r": "weight of R in the composite score",
    "scores.weights.f": "weight of F",
    "scores.weights.m": "weight of M",
    "scores.thresholds.r": "limits of R as people say them, rising: `[30, 90, 180, 365]`: up to 30 days is 5, above "
    "365 is 1",
    "scores.thresholds.f": "limits of F, rising: `[2, 4, 8, 16]`: below 2 is 1, from 2 on is 2, from 16 on is 5",
    "scores.thresholds.m": "limits of M, rising, as those of F",
    "scores.frozen.from": "date whose boundaries are used, with `method: frozen`",
    "scores.frequency": "what F counts: orders, or days with an order",
    "scores.monetary": "what M is",
    "scores.population": "`window`: members with an order in it; `ever`: all earlier buyers too",
    "scores.decay.half_life_days": "days after which an order counts half",
    "segments.active": "sets that are computed",
    "segments.NAME.window": "window of the set",
    "segments.NAME.rules": "ordered rules",
    "segments.NAME.otherwise": "segment of members whom no rule matches",
    "segments.NAME.lapsed": "segment of members with earlier orders and none in the window",
    "segments.NAME.prospect": "segment of members with an event and no sale",
    "segments.NAME.title.NAME": "title of the set by language, for people",
    "segments.NAME.names.NAME.title.NAME": "title of a segment by language",
    "segments.NAME.names.NAME.meaning": "who is in it",
    "segments.NAME.names.NAME.advice": "what to do",
    "segments.NAME.names.NAME.channel": "by which channel",
    "segments.NAME.names.NAME.frequency": "how often",
    "history.every": "step of the history calendar: each day, Sunday, or last day of the month or quarter",
    "preferences.window": "window whose period counts",
    "preferences.top": "values kept per class",
    "preferences.weights.amount": "weight of the share of the amount",
    "preferences.weights.events": "weight of the share of the events",
    "checks.max_rejected_share": "share of rejected lines of a source",
    "checks.max_member_fall": "fall of the members of the main window against the published date before",
    "checks.max_amount_rise": "rise of its net amount: 5 = six times as much",
}

COLUMN_MAPPING = """A column is named (`member: customer_id`) or mapped:

| key | meaning |
|---|---|
| `column` | column of the source |
| `lookup` | take the column from this look-up |
| `multiply` | product of two or three columns, exact, for amounts |
| `pattern` | regular expression; its first group is the value |
| `format` | one format or several, tried in order, for times: the letters of Spark's datetime patterns \
(`yyyy-MM-dd HH:mm`, `dd.MM.yyyy`), `epoch_seconds` or `epoch_millis`. Without it ISO 8601 |
| `when` | rule: elsewhere the field has no value |
| `value` | a constant |
| `default` | value where there is none |
"""
