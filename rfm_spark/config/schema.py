"""The JSON Schema of the configuration, for editors: made from the same shapes that the loader reads with."""

import json
from typing import Any

from rfm_spark.config.formula_types import operand_schema
from rfm_spark.config.named_types import COLUMN, DEFINED
from rfm_spark.config.sections import CONFIGURATION

RULE = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "all": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/rule"}},
        "any": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/rule"}},
        "not": {"$ref": "#/$defs/rule"},
    },
    "additionalProperties": {"anyOf": [{"$ref": "#/$defs/literal"}, {"$ref": "#/$defs/comparison"}]},
}
LITERAL = {
    "anyOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
    ]
}
BOUND = {"type": ["string", "number"]}
COMPARISON = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "at_least": BOUND,
        "at_most": BOUND,
        "above": BOUND,
        "below": BOUND,
        "is_null": {"type": "boolean"},
        "starts_with": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    },
}


def configuration_schema() -> dict[str, Any]:
    """Return the JSON Schema of a whole configuration, or of any file of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of rfm-spark",
        **CONFIGURATION.schema(),
        "$defs": {
            "rule": RULE,
            "literal": LITERAL,
            "comparison": COMPARISON,
            "operand": operand_schema(COLUMN),
            **{name: defined.shape.schema() for name, defined in DEFINED.items()},
        },
    }


def schema_text() -> str:
    """Return the schema as it lies in conf/schema.json."""
    return json.dumps(configuration_schema(), indent=1, ensure_ascii=False) + "\n"
