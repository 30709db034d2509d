"""The texts of the small world: captions of a scene in this project's words, in web-caption words, and mirrored.

Mirrors `datasets/shapes` (the source of the scenes) as far as pretraining needs it.
"""

import json
import random
from dataclasses import dataclass, replace

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
SHAPES = ("circle", "square", "triangle", "star", "cross")
SIZES = ("small", "medium", "large")
SEQUENCE = "moves left, then grows"
SOLO_ACTIONS = ("moves left", "moves right", "moves up", "moves down", "grows", "shrinks", "blinks", SEQUENCE)
PAIR_ACTIONS = ("bumps into", "circles around")
ACTIONS = SOLO_ACTIONS + PAIR_ACTIONS
HELD_OUT_PAIRS = {
    ("yellow", "moves left"),
    ("purple", "moves right"),
    ("red", "moves up"),
    ("blue", "moves down"),
    ("green", "grows"),
    ("white", "shrinks"),
    ("red", "blinks"),
    ("blue", SEQUENCE),
    ("green", "bumps into"),
    ("purple", "circles around"),
}
PROMPT = "Analyse the subjects, their attributes and actions, then describe the video."

DROPPED = 0.35
WRONG = 0.08
THOUGHT_DIFFERS = 0.15


@dataclass(frozen=True)
class Event:
    size: str
    colour: str
    shape: str
    action: str
    target: tuple[str, str] | None = None
    """Colour and shape of the other subject of a pair action."""

    @property
    def action_text(self) -> str:
        return f"{self.action} the {' '.join(self.target)}" if self.target else self.action

    @property
    def text(self) -> str:
        return f"a {self.size} {self.colour} {self.shape} {self.action_text}"


def events_of(thought: list[dict]) -> list[Event]:
    """The events behind an exact thought, as the exporter of the scenes writes it."""
    return [_event_of(item) for item in thought]


def _event_of(item: dict) -> Event:
    size, colour = item["attributes"]
    action = item["actions"][0]
    for pair in PAIR_ACTIONS:
        if action.startswith(pair + " the "):
            other_colour, other_shape = action.removeprefix(pair + " the ").split(" ")
            return Event(size, colour, item["subject"], pair, (other_colour, other_shape))
    return Event(size, colour, item["subject"], action)


def thought_text(events: list[Event]) -> str:
    items = [{"subject": e.shape, "attributes": [e.size, e.colour], "actions": [e.action_text]} for e in events]
    return json.dumps(items, separators=(",", ":"))


def caption_text(events: list[Event]) -> str:
    return " ".join(e.text[0].upper() + e.text[1:] + "." for e in events)


def completion_text(thought: list[Event], caption: list[Event]) -> str:
    return f"<think>{thought_text(thought)}</think><answer>{caption_text(caption)}</answer>"


def web_like_completion(truth: list[Event], rng: random.Random) -> str:
    """A completion with the faults of web captions: events are missing and some have one wrong word."""
    told = corrupt(truth, rng)
    thought = corrupt(truth, rng) if rng.random() < THOUGHT_DIFFERS else told
    return completion_text(thought, told)


def corrupt(truth: list[Event], rng: random.Random) -> list[Event]:
    kept = [event for event in truth if rng.random() >= DROPPED] or [rng.choice(truth)]
    return [_spoil(event, rng) if rng.random() < WRONG else event for event in kept]


def _spoil(event: Event, rng: random.Random) -> Event:
    match rng.choice(("size", "colour", "shape", "action")):
        case "size":
            return replace(event, size=_other(SIZES, event.size, rng))
        case "colour":
            return replace(event, colour=_other(COLOURS, event.colour, rng))
        case "shape":
            return replace(event, shape=_other(SHAPES, event.shape, rng))
        case _:
            actions = PAIR_ACTIONS if event.target else SOLO_ACTIONS
            return replace(event, action=_other(actions, event.action, rng))


def _other(items: tuple[str, ...], but: str, rng: random.Random) -> str:
    return rng.choice([item for item in items if item != but])


def mirrored(events: list[Event]) -> list[Event] | None:
    """The events of the scene flipped left to right; none where the world has no word for it or holds the pair out."""
    swap = {"moves left": "moves right", "moves right": "moves left"}
    if any(e.action == SEQUENCE for e in events):
        return None
    flipped = [replace(e, action=swap.get(e.action, e.action)) for e in reversed(events)]
    if any((e.colour, e.action) in HELD_OUT_PAIRS for e in flipped):
        return None
    return flipped


def random_events(rng: random.Random) -> list[Event]:
    """Events of a made-up scene without pictures: text to train the tokenizer on."""
    count = rng.randint(1, 3)
    colours, shapes = rng.sample(COLOURS, count), rng.sample(SHAPES, count)
    events = []
    for i in range(count):
        size = rng.choice(SIZES)
        action = rng.choice(SOLO_ACTIONS + PAIR_ACTIONS if count > 1 else SOLO_ACTIONS)
        other = (i + 1) % count
        target = (colours[other], shapes[other]) if action in PAIR_ACTIONS else None
        events.append(Event(size, colours[i], shapes[i], action, target))
    return events
