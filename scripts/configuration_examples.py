"""Examples of docs/configuration.md by section, each with the sentence before it; a test reads them as `check` does."""

CENTS = """sources:
  till:
    format: csv
    path: /data/till/*.csv
    columns:
      member: card
      ordered_at: {column: day, format: [dd.MM.yyyy, epoch_millis]}
      amount: {multiply: [cents, 0.01]}
"""
LOOKUP = """sources:
  shop:
    format: csv
    path: /data/shop/*.csv
    columns:
      member: {column: customer, pattern: "C?([0-9]+)"}
      ordered_at: day
      amount: amount
      order_id: invoice
      category: {column: group, lookup: products, default: other}
    rules:
      exclude: {item: [POST, TEST]}
      refund: {invoice: {starts_with: C}}
    lookups:
      products: {format: csv, path: /data/products.csv, key: id, source_key: item}
"""
RECEIPTS = """sources:
  tills:
    format: csv
    path: /data/tills/*.csv
    columns:
      member: {first_of: [card, mail]}
      ordered_at: day
      order_id: {concat: [store, day, receipt], with: "-"}
      amount: {multiply: [price, pieces, {subtract: [1, discount]}]}
"""
NUMBERS = """sources:
  bank:
    format: csv
    path: /data/bank/*.csv
    options: {header: true, sep: ";"}
    multi_line: false
    number: {decimal: ",", thousands: [".", " "], symbols: ["€", EUR], negative: [minus, trailing_minus, parentheses]}
    columns:
      member: Kunde
      ordered_at: {column: Datum, format: dd.MM.yyyy}
      amount: Betrag
    rules:
      refund: {amount: {below: 0}}
"""
THRESHOLDS = """windows:
  year:
    days: 365
    method: thresholds
    thresholds:
      r: [30, 90, 180, 365]
      f: [2, 4, 8, 16]
      m: [50, 100, 250, 1000]
"""
PER_METRIC = """windows:
  ten_weeks:
    days: 70
    method: {r: thresholds, f: ntile, m: quantile}
    ties: {f: split}
    bins: {r: 3, f: 4, m: 5}
    thresholds: {r: [30, 180]}
    weights: {r: 1, f: 1, m: 2}
"""
FROZEN = """windows:
  year:
    days: 365
    frozen: {from: 2024-12-31}
"""

EXAMPLES = {
    "sources": (
        (
            "Amounts in cents: a constant factor keeps them exact. The times are written in two ways:",
            CENTS,
        ),
        (
            "Receipt numbers that start again every day in every store, a member by card or else by mail, and an\n"
            "exact amount from price, pieces and a discount like 0.1; an empty discount is none:",
            RECEIPTS,
        ),
        (
            "Amounts as a bank writes them, `1.234,56 €` or `(25,00)`; what is written otherwise is a bad amount. No\n"
            "value holds a line break, so that several tasks may read one file:",
            NUMBERS,
        ),
        ("Columns by pattern and look-up, lines left out, and refunds by their number:", LOOKUP),
    ),
    "scores": (
        (
            "`thresholds` as people speak, rising, one fewer than bins. R: up to 30 days is 5, 31 to 90 is 4, above\n"
            "365 is 1. F: 1 is 1, 2 and 3 are 2, from 16 on is 5. M: below 50 is 1, from 50 on 2, from 1000 on 5.",
            THRESHOLDS,
        ),
        ("One value is for all three metrics, a mapping for each:", PER_METRIC),
        ("Boundaries of a date that was published without this key, so that the scores of all dates compare:", FROZEN),
    ),
}
