import pytest
from tests.jobs.shop import *
from tests.jobs.worth import *
pytestmark=[]
def test_first(published, tmp_path):
    shop=published
    for t in ("published_date","segment_interval","segment_transition","segment_migration","rfm_score","run_log"):
        print(t, len(shop.rows(t)))
    print(shop.rows("published_date"))
    print(done(shop,"doctor"))
    print(done(shop,"plan",*RANGE))
    print(done(shop,"track"))
    print(done(shop,"run","--as-of","2024-03-31"))
    print(shop.versions())
