"""Columns inside columns: a part by its path, `customer.id`, and lists of which every element becomes a line.

JSON lines keep each key as text, and a part is read out of the text of its key by way of a variant, which keeps 38
digits; columns of Parquet and Delta have the types of their files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StringType, StructField, StructType, VariantType

from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.json_keys import without_twins
from rfm_spark.ingest.schema import VARIANT, required_columns
from rfm_spark.rules.headers import require_columns
from rfm_spark.rules.source_columns import needed_columns, require_one_meaning, written_amounts

ELEMENT_POSITION = ".#"
"""Ends the name of the column with the position of an element in its list, from 0."""
Path = tuple[str, ...]


def path_of(type_: DataType, name: str, may_be_text: bool) -> Path | None:
    """Return the keys that lead to a column; a key may hold dots, and the longest counts first.

    `may_be_text`: text may hold every part, as a key does that is an object in some lines and nothing in others.

    >>> order = StructType().add("customer", StructType().add("id", "string")).add("unit.price", "string")
    >>> path_of(order, "customer.id", False), path_of(order, "unit.price", False), path_of(order, "note.x", False)
    (('customer', 'id'), ('unit.price',), None)
    """
    if isinstance(type_, StringType) and may_be_text:
        return tuple(name.split("."))
    if not isinstance(type_, StructType):
        return None
    if name in type_.names:
        return (name,)
    words = name.split(".")
    for length in range(len(words) - 1, 0, -1):
        key = ".".join(words[:length])
        inner = path_of(type_[key].dataType, ".".join(words[length:]), may_be_text) if key in type_.names else None
        if inner is not None:
            return (key, *inner)
    return None


def opened_type(schema: StructType, source: Source, where: str) -> StructType:
    """Return the columns of one line after its list was opened: the column of the list holds one element.

    Raises UsageError where that column is no list.
    """
    if source.explode is None:
        return schema
    path = path_of(schema, source.explode, may_be_text=False)
    if path is None:
        return schema
    type_ = _type_at(schema, path)
    if not isinstance(type_, ArrayType | StructType | StringType):
        raise UsageError(where, f"explode: {source.explode} is no list but {type_ and type_.simpleString()}", "a list")
    element = type_.elementType if isinstance(type_, ArrayType) else type_
    kept = [field for field in schema.fields if field.name != source.explode]
    return StructType([*kept, StructField(source.explode, element)])


def delivered_names(schema: StructType, needed: Iterable[str], source: Source, is_json: bool) -> list[str]:
    """Return the names that lines of such a type have: columns, the parts inside them, and what their text may hold.

    Parts are those of columns of which a part is needed: other keys may be values, like the mail address of a member.
    """
    wanted = list(needed)
    opened = {name[:place].lower() for name in wanted for place, letter in enumerate(name) if letter == "."}
    found = list(_names(schema, "", opened))
    found += [source.explode + ELEMENT_POSITION] if source.explode in found else []
    lists = {name for name in wanted if name not in found and path_of(schema, name, may_hold(source, name, is_json))}
    return [*found, *sorted(lists)]


def may_hold(source: Source, name: str, is_json: bool) -> bool:
    """Return whether text may hold a part: in JSON lines, and in an element of a list."""
    return is_json or (source.explode is not None and name.startswith(f"{source.explode}."))


def _names(type_: StructType, before: str, opened: Set[str]) -> Iterator[str]:
    for field in type_.fields:
        yield before + field.name
        if isinstance(field.dataType, StructType) and (before + field.name).lower() in opened:
            yield from _names(field.dataType, f"{before}{field.name}.", opened)


def json_names(keys: StructType, source: Source, where: str) -> list[str]:
    """Return the keys that JSON lines are read with: those that were found, and needed ones that were not.

    Raises UsageError where a needed key or part is missing, or differs from another in capitals alone.
    """
    opened, needed = opened_type(keys, source, where), needed_columns(source)
    paths = {name: path_of(opened, name, may_be_text=True) for name in needed}
    found = delivered_names(opened, needed, source, is_json=True)
    require_usable(opened, paths.values(), (name for name in needed if paths[name] is None), where)
    if keys.names:
        require_columns(found, required_columns(source, found), where)
    require_one_meaning(found, source, where)
    of_list = path_of(keys, source.explode, may_be_text=False) if source.explode is not None else None
    roots = [path[0] for path in (*paths.values(), of_list) if path is not None]
    names = without_twins(keys.names, roots, where)
    made = {*names, f"{source.explode}{ELEMENT_POSITION}"}
    return names + [name for name, path in paths.items() if path is None and name not in made]


def opened_columns(lines: DataFrame, source: Source, where: str, is_one_of_many: bool = False) -> DataFrame:
    """Return typed lines with the parts of their columns that the source needs, and one line per element of its list.

    One of many files may lack what the source can do without.
    """
    type_ = lines.schema[lines.columns[0]].dataType
    columns = type_ if isinstance(type_, StructType) else StructType()
    inner, needed = opened_type(columns, source, where), needed_columns(source)
    found = delivered_names(inner, needed, source, is_json=False)
    require_usable(inner, (), (name for name in needed if name not in found), where)
    require_columns(found, required_columns(source, found, is_one_of_many=True) if is_one_of_many else needed, where)
    require_one_meaning(found, source, where)
    return opened_lines(lines, columns, source, is_json=False)


def require_usable(schema: StructType, paths: Iterable[Path | None], missing: Iterable[str], where: str) -> None:
    """Raise UsageError for a part of a list that is not opened, and for two parts that differ in capitals alone."""
    for name in missing:
        words = name.split(".")
        for length in range(len(words) - 1, 0, -1):
            column = ".".join(words[:length])
            if isinstance(_type_at(schema, path_of(schema, column, may_be_text=False)), ArrayType):
                raise UsageError(where, f"{name} is in the list {column}", f"explode: {column} at the source")
    prefixes = {path[:length] for path in paths if path is not None for length in range(2, len(path) + 1)}
    folded = [tuple(key.lower() for key in prefix) for prefix in prefixes]
    twins = sorted(".".join(one) for one in prefixes if folded.count(tuple(key.lower() for key in one)) > 1)
    if twins:
        raise UsageError(where, f"keys {' and '.join(twins)}", "one of them", "rename one of them")


def opened_lines(lines: DataFrame, schema: StructType, source: Source, is_json: bool) -> DataFrame:
    """One row per line, or per element of its list, with every needed part as a column of its own.

    A line without elements stays: it is one line whose element is NULL, so it is counted. `schema` is that of the
    source; the columns of JSON lines are text all the same.
    """
    raw, *beside = lines.columns
    type_ = lines.schema[raw].dataType
    types = {field.name: field.dataType for field in type_.fields} if isinstance(type_, StructType) else {}
    options = {name: value for name, value in source.options.items() if name.startswith("allow")}
    known = opened_type(schema, source, source.name)
    if source.explode is not None:
        path = (source.explode,) if source.explode in types else path_of(schema, source.explode, may_be_text=False)
        if path is not None:
            kind = VARIANT if source.explode in written_amounts(source) else "string"
            lines, types = _exploded(lines, source.explode, path, types, options, kind)
    paths = {
        name: path
        for name in needed_columns(source)
        if name not in types and (path := path_of(known, name, may_hold(source, name, is_json))) is not None
    }
    if not paths:
        return lines
    amounts = written_amounts(source)
    parts = {
        name: part(F.col(raw).getField(root), types[root], path, options, VARIANT if name in amounts else "string")
        for name, (root, *path) in paths.items()
    }
    return lines.select(_struct(raw, types, parts), *beside)


def _exploded(
    lines: DataFrame, name: str, path: Path, types: dict[str, DataType], options: dict[str, str], kind: str
) -> tuple[DataFrame, dict[str, DataType]]:
    """Return one line per element, which takes the place of its list, with its position beside it.

    `kind` is what an element of JSON is read as.
    """
    raw, *beside = lines.columns
    value, type_ = F.col(raw).getField(path[0]), types[path[0]]
    if len(path) > 1:
        value = part(value, type_, path[1:], options, kind)
        type_ = _type_at(type_, path[1:]) or (VariantType() if kind == VARIANT else StringType())
    each = lines.select("*", F.posexplode_outer(elements(value, type_, options)).alias("_position", "_element"))
    kept = {column: other for column, other in types.items() if column != name}
    opened = {name: F.col("_element"), name + ELEMENT_POSITION: F.col("_position").cast("string")}
    element = type_.elementType if isinstance(type_, ArrayType) else type_
    return each.select(_struct(raw, kept, opened), *beside), {
        **kept,
        name: element,
        name + ELEMENT_POSITION: StringType(),
    }


def _struct(raw: str, kept: Iterable[str], more: Mapping[str, Column]) -> Column:
    """Return the raw line with some of its columns, and others beside them."""
    fields = [F.col(raw).getField(name).alias(name) for name in kept]
    return F.struct(*fields, *(value.alias(name) for name, value in more.items())).alias(raw)


def _type_at(type_: DataType, path: Path | None) -> DataType | None:
    """Return the type at the end of a path; None inside text, and without a path."""
    for key in path or ():
        if not isinstance(type_, StructType):
            return None
        type_ = type_[key].dataType
    return type_ if path is not None else None


def part(value: Column, type_: DataType, path: Sequence[str], options: dict[str, str], kind: str = "string") -> Column:
    """Return a part of a column by its path; where the column is text, as text or what `kind` says."""
    if not isinstance(type_, StringType):
        return reduce(Column.getField, path, value)
    keys = "".join(f"['{key}']" for key in path)
    return F.try_variant_get(F.from_json(value, "variant", options), f"${keys}", kind)


def elements(value: Column, type_: DataType, options: dict[str, str]) -> Column:
    """Return a list as an array, of text where the column is text; what is no list is one element."""
    if isinstance(type_, ArrayType):
        return value
    if isinstance(type_, VariantType):
        is_list = F.schema_of_variant(value).startswith("ARRAY")
        of_list = F.try_variant_get(value, "$", f"array<{VARIANT}>")
        return F.when(is_list, of_list).when(~F.is_variant_null(value), F.array(value))
    if not isinstance(type_, StringType):
        return F.when(value.isNotNull(), F.array(value))
    bare = F.ltrim(value)
    of_text = F.try_variant_get(F.from_json(value, "variant", options), "$", "array<string>")
    return F.when(bare.startswith("["), of_text).when(bare != "", F.array(value))
