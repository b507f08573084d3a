"""What the first commit of a table says of it, without a query."""

import json

from rfm_spark.io.log_files import created_table

METADATA = {"metaData": {"partitionColumns": [], "configuration": {}, "schemaString": "{}"}}
FEATURES = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors", "rowTracking"]}


def commit(*actions: dict[str, object]) -> str:
    return "\n".join(json.dumps(action) for action in actions)


def test_features_of_readers_and_writers_are_both_found():
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **FEATURES}}
    found = created_table(commit({"commitInfo": {}}, protocol, METADATA))
    assert found is not None
    assert found["minReaderVersion"] == 3
    assert set(found["tableFeatures"]) == {"deletionVectors", "rowTracking"}


def test_a_commit_that_is_no_plain_creation_says_nothing():
    protocol = {"protocol": {"minReaderVersion": 1, "minWriterVersion": 3}}
    assert created_table(commit(METADATA)) is None
    assert created_table(commit(protocol)) is None
    assert created_table(commit(protocol, METADATA, {"add": {"path": "a.parquet"}})) is None
    assert created_table(commit(protocol, METADATA)[:-5]) is None, "cut"
    assert created_table("") is None
