"""The report: one page that a policy team reads, made of result folders."""
