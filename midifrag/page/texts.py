"""Every English text of the page but those of learning and of set editing, which `set_texts` has."""

from __future__ import annotations

from midifrag.config import parameters
from midifrag.playback.messages import PlaybackState
from midifrag.states import EngineState, PadState

# --- address and access ----------------------------------------------------------------------------------------------
INVITATION = "     page       {address}"
PORT_TAKEN = "page: port {port} is not free ({error}); the page took another one, see its address"
NO_ADDRESS = "The page cannot listen on {host}: {error}. Set page.host to an address of this machine."
PAGE_LOST = "the page's process ended; it is started again, and browsers find it by themselves"
FOREIGN_HOST = "This page does not answer to that host name. Open the address that midifrag printed.\n"
FOREIGN_ORIGIN = "This page takes nothing from other web sites.\n"
TOKEN_NEEDED = "This page needs its token: open the whole address that midifrag printed, or scan its code.\n"  # noqa: S105 — no secret

TOKEN_NOT_KEPT = "page: its token could not be kept in {folder} ({error}); other devices need the next start's code"  # noqa: S105 — no secret
TOKEN_GONE = "This page's token is no longer valid: open the address that midifrag prints now, or scan its code."  # noqa: S105 — no secret
LEAVING_OUT = "{count} pressed meanwhile are left out."
LEFT_OUT = "The connection was lost: {count} presses were left out."

# --- what does not work ----------------------------------------------------------------------------------------------
PAGE_TROUBLE = "the page had trouble with a browser: {error}"
PAGE_FAILED = "This did not work: {error}. Try again; reload the page if it looks wrong."
NO_SLOT_FILE = "Slot {number} holds no file now.\n"
NO_TAKE_FILE = "Take {number} is not in the archive, or its file is gone.\n"
NO_ADDRESS_HERE = "There is nothing at this address.\n"
TOO_MANY = "Too many at once from this device. This page loads again by itself.\n"
EXPORT_RUNS = "Other exports are being written: try again when they are done.\n"
NO_ANSWER = "This did not work: {error}. Try again.\n"

# --- frame -----------------------------------------------------------------------------------------------------------
TITLE = "midifrag"
PLAY_TAB, ARCHIVE_TAB, ENGINE_TAB, SET_TAB, OSC_TAB = "Play", "Archive", "Engine", "Set", "OSC"
TABS, BANKS = "Parts of the page", "Banks"
PANIC = "Panic"
PANIC_HELP = "Cancel everything that is queued or renders"
PREVIOUS_BANK, NEXT_BANK = "Previous bank", "Next bank"
NO_NOTICE = "Nothing to report."
SEEN = "Seen: show it no longer"
FAILED_JOB = "{prompt} {state}: {reason}"
MORE_FAILED = " (and {count} more)"
STARTING = "starting …"
ENGINE_STATES = {
    EngineState.WARMING: "{model}: warming up {done}/{total}{after}",
    EngineState.READY: "{text}",
    EngineState.STALLED: "{model} shows no progress: {wait}",
    EngineState.RESTARTING: "{model} restarts{after}: {text}",
    EngineState.LOST: "{model} is lost: {text}",
}
ENGINE_WAIT = ", {wait}"
ENGINE_WORDS = {
    EngineState.WARMING: "{what} warms up, {done} of {total}{after}",
    EngineState.READY: "{what}, ready",
    EngineState.STALLED: "{what} shows no progress, {wait}",
    EngineState.RESTARTING: "{what} starts again{after}: {text}",
    EngineState.LOST: "{what} is lost: {text}",
}
PLAYS_ON = "{model} on {where}"
DEVICES = {"cpu": "this CPU", "cuda": "this graphics card", "mps": "this Mac's graphics"}
SOUNDS, NOTHING_SOUNDS = "sounds: {names}", "nothing sounds"
TAP = "Tap"
TAP_HELP = "Tap the tempo of midifrag's own clock; four taps in a row set its beat too"
NO_TEMPO = "–"
TEMPO = "{bpm:.1f}"
BAR_AND_BEAT = "{bar}.{beat}"
STANDS = "waits"
TIME_HELP = "{signature}, kept by {source}"
WAITS_HELP = "{signature}, kept by {source}, which waits for a start"
QUEUE = "{count} queued"
LATENCY = "lands after {p50:.2f} s"
NO_LATENCY = "nothing landed yet"

# --- OSC -------------------------------------------------------------------------------------------------------------
OSC_OFF = 'OSC is off. In presets.yaml, osc: {listen: 7400, send: "127.0.0.1:7401"} switches it on.'
OSC_LISTENS = "Listens on {where}."
OSC_DEAF = "Nothing comes in: presets.yaml has no osc.listen."
OSC_TELLS = "Tells {where}."
OSC_SILENT = "Nobody is told: presets.yaml has no osc.send."
OSC_IN, OSC_OUT = "What comes in", "What goes out"
OSC_ARGUMENT = "{name}: {line}"
OSC_OPTIONAL = "{name} (optional)"
OSC_SEND = "Send"
OSC_SEND_HELP = "Send {path} to this show"
OSC_SENT = "Sent to {where}."
OSC_NOT_SENT = "Could not be sent to {where}: {error}"

# --- prompt ----------------------------------------------------------------------------------------------------------
RENDER = "Render"
RENDER_HELP = "Ctrl-Enter renders"
PARAMETERS = {name: parameter.label for name, parameter in parameters.PARAMETERS.items()}
PROMPT_HINT = parameters.PARAMETERS["prompt"].line
AUTO = "auto"
HISTORY = "History"
NO_HISTORY = "Prompts that were rendered come here."
SAVE_AS_PAD = "Save as pad"
SAVE = "Save"
CANCEL = "Cancel"
FROM, FROM_HINT = "From", "slot 3, latest, take 12, a file, input"
CONTINUE, FILL = "Continue, seconds", "Fill, from and to a second"
BANK, PAD, NAME, COLOUR, SLOT = "Bank", "Pad", "Name", "Colour", "Slot"
FREE_PAD = "{note} {name} – free"
TAKEN_PAD = "{note} {name} – {label}"
SAVED = "saved as {name} ({note}) in {file}"
NO_FREE_PAD = "Choose a pad: this bank has no free one."
LOG = "Log"
LOG_EMPTY = "The log of finished renders comes here: time taken, fragment file, archive file."
LOG_LANDED = "{seconds:.2f} s{spare}   {fragment}   {archived}   {prompt}"
LOG_SPARE = " (spare)"
LOG_ENDED = "{state}   {prompt}: {text}"
LOG_RUNNING = "{state} {step}/{of}   {prompt}"
LOG_QUEUED = "{state}   {prompt}"

# --- pads ------------------------------------------------------------------------------------------------------------
PAD_STATES = {
    PadState.IDLE: "",
    PadState.READY: "ready",
    PadState.GROWING: "held down",
    PadState.QUEUED: "queued",
    PadState.RENDERING: "rendering",
    PadState.STALLED: "stalled",
    PadState.WAITING: "waiting",
    PadState.LANDED: "landed",
    PadState.SOUNDING: "sounding",
    PadState.HELD: "held",
    PadState.REFUSED: "refused",
    PadState.FAILED: "failed",
}
PADS = "Pads"
PAD_HELP = "{name}: {prompt}"
PAD_TROUBLE = "{reason} — {label}"
LANDS_IN = "≈ {seconds:.0f} s"
LANDS_SOON = "< 1 s"
LANDS_NOW = "at once"
BARS_LEFT = "{boundary} in {bars} bars"
BEATS_LEFT = "{boundary} in {beats} beats"
ONE_BEAT_LEFT = "{boundary} now"
BANK_ALONE = "the bank by itself"
DRAWN = "What the grid shows"
BUTTONS = {
    "previous": "‹ bank",
    "next": "bank ›",
    "bank": "{bank}",
    "side": "1 / more",
    "page": "page",
    "panic": "panic",
    "slot": "{slot}",
}
BUTTON_STATES = {
    "active": "plays now",
    "busy": "renders",
    "more": "more is shown",
    "filled": "filled",
    "locked": "locked",
    "sounds": "sounds",
}
VELOCITY = "Velocity"
BY_POSITION = "by position"
FIXED = "fixed"

# --- slots -----------------------------------------------------------------------------------------------------------
STOP_SLOT = "Stop what sounds in it"
SOUND_STATES = {
    PlaybackState.OFF: "no sound from here",
    PlaybackState.OPENING: "sound is on its way …",
    PlaybackState.PLAYING: "sound",
    PlaybackState.LOST: "no sound: the output is gone",
}
SOUND, UNDERRUNS = "{device}", "{device}, {count} underruns"
FREE_SLOT = "free"
FOREIGN_SLOT = "not from midifrag"
PLAY_SLOT, PLAY_TAKE = "Play slot {number}", "Play take {number}"
LOCK, UNLOCK = "Lock: nothing lands here", "Unlock"
RESTORE = "Put the previous fragment back"
WHERE = "Where the file is"
REVEAL = "Show in its folder"
FILE_GONE = "{path} is gone"
NOT_REVEALED = "No file manager of this machine shows it; it is {path}"
COPY = "Copy"
COPIED = "copied"
DRAG = "Drag the waveform out to copy the file"
DOWNLOAD = "Download"
CLOSE = "Close"
NOW, SECONDS_AGO, MINUTES_AGO, HOURS_AGO, DAYS_AGO = "now", "{:.0f} s", "{:.0f} min", "{:.0f} h", "{:.0f} d"
LENGTH = "{:.2f} s"
NONE = "–"
GONE = "its file is gone"
PLAYER = "nothing played yet"
PLAYER_NAME, PLAY_OR_STOP, PLAYER_AT = "Player of this browser", "Play or stop", "Where it is"
PLAYER_LOOP, PLAYER_AB, PLAYER_LEVEL = "Loop", "Compare: the other one, from here on", "Level"
PLAYER_OUTPUT, PLAYER_FOLLOWS = "Output", "Play what lands"

# --- archive ---------------------------------------------------------------------------------------------------------
SEARCH = "Words"
ANY_BANK, ANY_PRESET = "any bank", "any preset"
PRESET = "Preset"
SINCE, UNTIL = "From", "To"
STARRED = "Starred"
FOUND = "{count} takes"
NEW_TAKES = "Show {count} new"
OLDER, NEWER = "Older", "Newer"
NO_TAKES = "No takes that fit."
SEARCH_EXAMPLE = 'rain "wide hall" -dark tempo:90..120 key:Am'
SEARCH_HELP = (
    'Words may stand in any order; "quotes" keep them together, -word leaves takes out. Ranges: tempo:90..120, '
    "key:Am, key:A..C, key:minor, length:>2, loudness:-12..-3. Orders: sort:oldest, longest, shortest, loudest, "
    "quietest, fastest, slowest."
)
EMPTY_ARCHIVE = "Every take that is rendered comes here, whatever becomes of it. Press a pad, or render a prompt."
CLEAR_SEARCH = "Show all takes"
PAGE_OF = "page {page} of {pages}"
CHOOSE_ALL = "Choose all takes of this page"
STAR_CHOSEN, UNSTAR_CHOSEN = "Star what is chosen", "Take the stars of what is chosen away"
COMPARE, COMPARING = "Compare the two that are chosen", "take {first} against take {second}"
ARCHIVE_TROUBLE = "The archive cannot be read now: {error}"
TAKE_LINE = "take {number} · {when} · {length} · seed {seed} · {bank} · {model}"
TAKE_KEY, TAKE_TEMPO, TAKE_FROM = " · {key}", " · {tempo:g} bpm", " · from {source}"
STAR, UNSTAR = "Star", "Take the star away"
DELETE, RESTORE_TAKE, IN_TRASH = "Delete: it goes to the trash", "Put back from the trash", "in the trash"
DELETE_CHOSEN = "Delete what is chosen: it goes to the trash"
RESTORE_CHOSEN = "Put back what is chosen"
TRASH, UNDO_DELETE = "Trash", "Undo: {takes} back"
DELETED, RESTORED = "{takes} to the trash", "{takes} back from the trash"
ONE_TAKE, TAKES = "take {number}", "{count} takes"
EMPTY_TRASH = (
    "Deleted takes lie here, whole, until `midifrag takes --empty-trash` is called and answered in a terminal."
)
NOTE = "Note"
AGAIN_HELP = "Render again with the same seed"
VARIATION_HELP = "Render again with another seed"
TO_SLOT = "To slot"
NEXT_SLOT = "next in turn"
EXPORT = "Export {count} as zip"
EXPORT_NONE = "Choose takes to export"
CHOOSE = "Choose take {number}"
EXPORT_FOLDER = "midifrag-takes"
EXPORT_LIST = "takes.txt"
SENT = "take {take} goes to slot {slot}"
TURNED = "The sheet has been turned meanwhile: click again."

# --- engine ----------------------------------------------------------------------------------------------------------
CONTROLS = "Controls"
FROM_PRESETS = "as the preset says"
GIVE_BACK = "Give back to the presets"
GIVE_ALL_BACK = "Give all back to the presets"
PAD_VALUE = "{pad}: {name} {value}"
WAITING = "waits to be picked up"
IN_FLIGHT = "Queue and in flight"
NOTHING_QUEUED = "Nothing is queued."
CLEAR_QUEUE = "Clear queue"
CANCEL_JOB = "Cancel this render"
JOB_STEP = "{step}/{of}"
LATENCIES = "Press to landed"
PERCENTILES = "p50 {p50:.2f} s   p95 {p95:.2f} s   of the last {count}"
DEVICE = "Engine and memory"
MEMORY = "{what} {size}"
NO_MEMORY = "this engine keeps no model in memory"
MONITOR = "MIDI monitor"
MONITOR_ONLY, MONITOR_HOLD, MONITOR_GO_ON = "Only lines with", "Hold still", "Go on"
NO_MIDI_FITS = "Nothing of what has arrived has these words."
PAD_LATENCY = "{pad}: {seconds:.2f} s, {count} landed"
LANDINGS_AXIS, SECONDS_AXIS = "landings", "seconds"
NO_MIDI = "Nothing has arrived yet. Press a pad of the controller, or turn a knob."
WARNINGS = "Messages"
