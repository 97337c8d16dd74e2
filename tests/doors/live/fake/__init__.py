"""A Live to test the control surface script in: a process of its own, as strict as the real one, and stricter.

``python -m tests.doors.live.fake`` takes one JSON object a line and answers one; `process` lists what it can be told.
Time is its own and goes on by its ticks, or with ``--real`` the machine's. It runs on Python 3.7, as the script does.

- `rules`: what the script may not do, counted
- `clock`: time, and Live's timer
- `lom`: the objects of a Set that are listened to, and die; `clips`, `devices`, `song`: each kind
- `modules`: what the script imports
- `actions`: what a performer does, by hand or at random
"""
