"""From take to fragment: post-processing, slots, archive. No MIDI, no torch.

The way of a take: `writer` (its thread; `writer_commands` in, by `writer_queue`; `writer_events` out), `landing`,
`sources`, `preparing`, `changing`, `advancing`, `unwritten`, `holding`, `rescue`, `shared_folders`.
At a boundary: `waiting`, `appointments`, `punctual`, `swap`, `recutting`.
What takes begin from: `source_sounds`.
Sound: `cutting`, `exact`, `stretching`, `analysis`, `fades`, `encoding`, `options`, `length`, `recorded_length`.
Slots: `slots`, `slot`, `slot_landings`, `rotation`, `turn_history`, `slots_record`, `slot_file`, `slot_places`,
`slot_content`, `slot_state`.
The archive: `archive`, `archive_hand`, `archive_reader`, `archive_folder`, `archive_index`, `archive_catching_up`,
`archive_rows`, `archive_changes`, `archive_trash`, `archive_naming`, `record`, `search`, `keys`.
Files: `files`, `hands`, `workspace`, `file_names`, `audio_files`, `wav`, `unfinished`, `plain_json`.
"""
