"""The shops of the jobs' stories, for those in which a command is killed."""

from tests.jobs.conftest import empty_lake, open_shop

__all__ = ["empty_lake", "open_shop"]
