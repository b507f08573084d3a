"""The ledger of runs, the declarations of dated results, and what is due and why."""
