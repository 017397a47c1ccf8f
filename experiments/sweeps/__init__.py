"""Sweeps of any size: a plan, chunks of it worked on anywhere, one Parquet part a chunk, and a list of what is complete.

`asked` reads what is asked for, `designs` makes the points, `plan` numbers the runs, `identity` says what a run is,
`worker` runs a chunk and writes its part, `parts` reads and checks parts, `folder` keeps the folder, `drive` hands out chunks.
"""
