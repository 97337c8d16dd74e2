"""The one owner of live state: takes one thing at a time, and says what became of it.

What comes in: `bridge`, `inbox`, `items`, `acting`, `presses`, `press_requests`, `gestures`, `holding`.
What is set: `set_list`, `layouts`, `switching`, `values`, `takeover`, `lost_programs`.
The way of a job: `wishes`, `jobs`, `job_table`, `renders`, `landings`, `take_records`, `last_landed`.
Spares: `spares`, `spare_making`, `spare_choice`.
Sounds that takes begin from: `source_book`, `beginnings`.
Musical time: `timekeeper`, `taps`, `tempo`, `boundaries`, `estimates`, `forecast`.
Engines: `absences`, `outages`, `engine_events`, `engine_reports`, `warmup`.
What is told: `view`, `publishing`, `telling`, `pads`, `sounding`.
"""
