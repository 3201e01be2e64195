"""`fanout workflow`: what the jobs of the workflow on GitHub run, one command for each."""
