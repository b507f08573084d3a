"""The configuration that a link was published under: today's, or one that run_config keeps."""

from dataclasses import dataclass

from rfm_spark.config.definition import segment_set_hash
from rfm_spark.config.load import load_recorded
from rfm_spark.config.model import Config, Window
from rfm_spark.errors import RfmSparkError
from rfm_spark.history.links import Link, PublishedSet
from rfm_spark.steps.job import Job


@dataclass(frozen=True)
class Definition:
    """The configuration that a set was published under, and the set's name in it."""

    config: Config
    config_hash: str
    segment_set: str

    @property
    def window(self) -> Window:
        """Return the window of the set."""
        return self.config.windows[self.config.segment_sets[self.segment_set].window]


def definition_of(job: Job, link: Link) -> Definition:
    """Return the configuration under which both ends of a link were published; today's where it is the same."""
    today = job.config.segment_sets.get(link.segment_set)
    side = link.after
    assert side is not None  # a link without a later end has a known cause
    if today is not None and segment_set_hash(job.config, today) == side.definition_hash:
        return Definition(job.config, job.config_hash, link.segment_set)
    return Definition(recorded_config(job, side), side.config_hash, side.segment_set)


def recorded_config(job: Job, side: PublishedSet) -> Config:
    """Return the configuration that a date was computed under, from run_config."""
    text = job.log.config_text(side.config_hash)
    if text is None:
        raise RfmSparkError(
            "run_config", f"no configuration {side.config_hash}", f"the one that {side.as_of} was computed under",
            f"rfm-spark backfill --from {side.as_of} --to {side.as_of} --reprocess all --reason TEXT",
        )  # fmt: skip
    return load_recorded(f"run-config {side.config_hash}", text)
