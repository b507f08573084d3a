import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("track"))
