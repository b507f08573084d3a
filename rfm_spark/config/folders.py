"""Which characters a folder of tables may have: all that Spark, Delta and SQL text take as they are."""

import re

FOLDER = re.compile(r"[\w./:@=+,~ -]+")
ALLOWED = "letters, digits and . / : @ = + , ~ - _ space"
NOT_ALLOWED = "a character that is not allowed"
