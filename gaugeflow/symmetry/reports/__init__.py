"""What a check says: verdicts and findings, as text, JSON and JUnit XML."""
