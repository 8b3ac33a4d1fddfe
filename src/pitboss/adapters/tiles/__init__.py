"""Where the log's tiles lie: a folder, or any store that speaks S3."""
