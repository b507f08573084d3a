"""`python -m rfm_spark VERB ...`, the same as `rfm-spark VERB ...`."""

import sys

from rfm_spark.cli import main

sys.exit(main())
