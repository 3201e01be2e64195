"""What was run before: a document a run, the database made of them, and questions to it."""
