"""The configuration that a run uses, kept once under its hash."""

import json

from rfm_spark.config.definition import basis
from rfm_spark.steps.job import Job


def record_config(job: Job) -> None:
    """Write the merged configuration and its basis in words to run_config, unless they are there."""
    text = json.dumps(job.config.text, sort_keys=True, ensure_ascii=False, default=str)
    job.log.record_config(job.config_hash, text, basis(job.config), job.run_id, job.now())
