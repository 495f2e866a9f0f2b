"""What the source changed since the last time, and how that goes together with what people changed at the target."""
