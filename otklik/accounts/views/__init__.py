"""Pages of accounts: one's own, staff, the company."""
