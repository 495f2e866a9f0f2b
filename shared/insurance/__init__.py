"""Health funds and policies: one payer per fund, and which of several policies comes first."""
