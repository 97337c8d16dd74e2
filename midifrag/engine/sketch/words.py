"""The one table of words: what each family, adjective and musical term is called in a prompt.

Everything is lower case and without hyphens; an entry may be several words (``"hi hat"``), and the longest match wins.
A plural is found through its singular and need not be listed.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Family → every other way to say it.
FAMILY_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "kick": ("bass drum", "kick drum", "bd", "thump", "boom", "impact"),
    "snare": ("snare drum", "sd", "backbeat"),
    "hats": ("hat", "hi hat", "high hat", "hihat", "hh", "shaker", "maraca", "tambourine"),
    "clap": ("handclap", "hand clap", "clapping", "snap", "finger snap"),
    "tom": ("tom tom", "tomtom", "floor tom", "conga", "bongo", "drum", "timpani", "taiko", "tabla"),
    "rim": ("rimshot", "rim shot", "sidestick", "side stick", "woodblock", "wood block", "clave", "stick", "tick"),
    "cymbal": ("ride cymbal", "crash cymbal", "crash", "ride", "splash", "gong", "tam tam"),
    "cowbell": ("cow bell", "agogo"),
    "sub": ("sub bass", "subbass", "808s", "low end", "rumble"),
    "bass": ("bassline", "bass line", "bass guitar", "bass synth", "synth bass", "reese", "acid", "303"),
    "pluck": ("plucked", "plucking", "string", "guitar", "harp", "kalimba", "koto", "banjo", "pizzicato", "karplus"),
    "bell": ("chime", "glockenspiel", "vibraphone", "marimba", "gamelan", "singing bowl", "glass", "music box", "ding"),
    "pad": ("strings", "choir", "cello", "violin", "string section", "ambience", "ambient", "atmosphere", "chord"),
    "lead": ("lead synth", "synth lead", "solo", "melody", "supersaw", "saw lead", "flute", "trumpet", "brass"),
    "organ": ("hammond", "church organ", "pipe organ", "drawbar", "harmonium", "accordion"),
    "sweep": ("swoosh", "whoosh", "swish", "filter sweep", "noise sweep"),
    "riser": ("uplifter", "build up", "buildup", "build", "tension", "downlifter", "downer"),
    "wind": ("breeze", "gust", "storm", "howl", "howling", "windy"),
    "rain": ("rainfall", "raining", "rainy", "drizzle", "downpour", "raindrop", "drop", "droplet", "shower"),
    "noise": ("white noise", "pink noise", "brown noise", "static", "hiss", "hissing", "wash"),
    "drone": ("hum", "humming", "tanpura", "didgeridoo", "bourdon", "buzz"),
    "laser": ("lazer", "zap", "pew", "blaster", "phaser gun"),
    "crackle": ("vinyl", "crackling", "fire", "campfire", "dust", "geiger", "click", "glitch", "pop"),
    "siren": ("alarm", "police", "ambulance", "air raid"),
    "bubbles": ("bubble", "bubbling", "underwater", "water", "boiling", "stream", "drip", "dripping", "gurgle"),
    "beat": (
        "drum loop",
        "drumloop",
        "drum beat",
        "drumbeat",
        "drum machine",
        "groove",
        "rhythm",
        "break",
        "breakbeat",
    ),
    "arpeggio": ("arp", "arpeggiated", "arpeggiator", "sequence", "sequencer", "ostinato"),
}

#: Measurable qualities, each a position in −1 … 1; 0 is what a family sounds like when nothing is said.
AXES: tuple[str, ...] = (
    "length",
    "brightness",
    "pitch",
    "hardness",
    "distortion",
    "reverb",
    "width",
    "speed",
    "direction",
    "density",
)

#: How far one plain adjective moves its axis; intensifiers scale it.
PLAIN = 0.65

#: (axis, words towards −1, words towards +1).
_OPPOSITES: tuple[tuple[str, str, str], ...] = (
    (
        "length",
        "short shorter brief staccato clipped damped muted choked closed",
        "long longer sustained sustaining endless lasting ringing legato open lingering",
    ),
    (
        "brightness",
        "dark darker dull muffled mellow warm dim murky lowpassed veiled",
        "bright brighter brilliant shiny sparkling crisp airy shimmering metallic tinny tin harsh glittering",
    ),
    ("pitch", "low lower bassy", "high higher shrill treble squeaky"),
    (
        "hardness",
        "soft softer gentle smooth mild tender quiet delicate bowed rounded",
        "hard harder sharp punchy snappy percussive aggressive tough attacking",
    ),
    (
        "distortion",
        "clean cleaner pure undistorted pristine",
        "distorted dirty overdriven fuzzy fuzz saturated gritty crushed crunchy distortion overdrive broken",
    ),
    (
        "reverb",
        "dry drier close near anechoic deadened",
        "reverberant reverb reverberated wet roomy echoing echoey distant hall cathedral church cave spacious far",
    ),
    ("width", "narrow narrower mono centred centered monophonic", "wide wider stereo broad panoramic surrounding"),
    ("speed", "slow slower lazy sluggish downtempo", "fast faster quick rapid hectic frantic uptempo"),
    (
        "direction",
        "falling descending dropping down downward downwards sinking closing",
        "rising ascending climbing up upward upwards growing opening",
    ),
    ("density", "sparse sparser minimal thin scattered few", "dense denser busy thick crowded many heavy"),
)

#: Words that say several things at once.
_COMPOUND: Mapping[str, tuple[tuple[str, float], ...]] = {
    "deep": (("pitch", -PLAIN), ("brightness", -0.3)),
    "tiny": (("length", -PLAIN), ("pitch", 0.4)),
    "huge": (("reverb", PLAIN), ("width", PLAIN)),
    "big": (("reverb", 0.4), ("width", 0.5)),
    "massive": (("reverb", 0.4), ("width", 0.7), ("distortion", 0.2)),
    "tight": (("length", -0.5), ("reverb", -0.5)),
    "808": (("length", 0.4), ("pitch", -0.3)),
    "909": (("hardness", 0.4), ("length", -0.2)),
    "lofi": (("distortion", 0.35), ("brightness", -0.5)),
    "lo fi": (("distortion", 0.35), ("brightness", -0.5)),
    "industrial": (("distortion", PLAIN), ("hardness", 0.4)),
    "icy": (("brightness", PLAIN), ("reverb", 0.3)),
    "calm": (("speed", -0.5), ("hardness", -0.5)),
    "angry": (("distortion", 0.5), ("hardness", 0.5)),
}


def _adjectives() -> dict[str, tuple[tuple[str, float], ...]]:
    table: dict[str, tuple[tuple[str, float], ...]] = {}
    for axis, negatives, positives in _OPPOSITES:
        for words, amount in ((negatives, -PLAIN), (positives, PLAIN)):
            for word in words.split():
                table[word] = ((axis, amount),)
    return {**table, "low pitched": table["low"], "high pitched": table["high"], **_COMPOUND}


#: Adjective → what it adds to which axes.
ADJECTIVES: Mapping[str, tuple[tuple[str, float], ...]] = _adjectives()

#: Word → factor on the next adjective; factors of consecutive words multiply ("not very" = −0.5 × 1.6).
INTENSIFIERS: Mapping[str, float] = {
    "very": 1.6,
    "really": 1.6,
    "extremely": 2.0,
    "super": 1.6,
    "ultra": 2.0,
    "too": 1.6,
    "so": 1.3,
    "quite": 1.0,
    "rather": 0.8,
    "fairly": 0.7,
    "somewhat": 0.5,
    "slightly": 0.4,
    "a bit": 0.4,
    "a little": 0.4,
    "a little bit": 0.4,
    "little": 0.4,
    "a touch of": 0.4,
    "subtly": 0.4,
    "less": -0.6,
    "more": 1.2,
    "not": -0.5,
    "no": -1.0,
    "without": -1.0,
}

#: Semitones above C.
NOTES: Mapping[str, int] = {
    **dict(zip(("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b"), range(12), strict=True)),
    **dict(zip(("db", "eb", "fb", "e#", "gb", "ab", "bb", "cb", "b#"), (1, 3, 4, 5, 6, 8, 10, 11, 0), strict=True)),
}

#: Scale → semitones above its root.
SCALES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

#: Other spellings of scales.
SCALE_SPELLINGS: Mapping[str, str] = {**{name: name for name in SCALES}, "maj": "major", "min": "minor", "m": "minor"}

#: Counts that may stand before "bars" as a word.
COUNTS: Mapping[str, int] = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "sixteen": 16}
