"""What is known of the consumers themselves, in words."""
