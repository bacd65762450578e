"""From verdicts to the grade and its reports."""
