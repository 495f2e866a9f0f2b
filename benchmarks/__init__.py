"""What the app costs, measured side by side in one run. Ratios travel between machines; absolute figures do not."""
