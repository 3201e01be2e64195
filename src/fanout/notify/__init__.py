"""Who is told what, once: on GitHub, in Slack, by email."""
