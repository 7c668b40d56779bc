"""What operators need: health, metrics, logs, traces, stopping, and answers while the database is away."""
