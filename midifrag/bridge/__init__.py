"""The one owner of live state: takes one thing at a time, and says what became of it.

What comes in: `bridge`, `inbox`, `items`, `acting`, `presses`, `gestures`, `holding`.
What is set: `set_list`, `layouts`, `switching`, `values`, `takeover`, `lost_programs`.
The way of a job: `jobs`, `job_table`, `renders`, `spares`, `landings`, `take_records`, `last_landed`.
Sounds that takes begin from: `source_book`, `beginnings`.
Musical time: `timekeeper`, `taps`, `tempo`, `boundaries`, `forecast`.
Engines: `absences`, `outages`, `engine_reports`, `warmup`.
What is told: `view`, `telling`, `pads`, `sounding`.
"""
