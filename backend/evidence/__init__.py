"""What must be kept: legal holds."""
