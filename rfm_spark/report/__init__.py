"""One page about one date, for people who have never seen RFM: reads the tables, draws, writes nothing."""
