"""Has a bill read by the engine that is where it lies, and reads what the engine makes of it as a bill.

`columns` says what the columns of a bill are, `steps` what an engine is asked, in one SQL for all engines;
`spark` runs it, `script` prints it, and `answer` reads the groups and rows that come back.
"""
