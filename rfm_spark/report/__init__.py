"""One page that a person who has never seen RFM understands."""
