"""What programs read: JSON, badges, a feed, the database."""
