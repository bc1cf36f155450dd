"""Names that a run gets when its user gives none: a short id and two friendly words."""

from __future__ import annotations

import random
import re
import secrets
import string
from collections.abc import Collection

_ID_ALPHABET = string.digits + string.ascii_lowercase
_ID_LENGTH = 8
_FRIENDLY = re.compile(r"[a-z]+-[a-z]+-([0-9]{1,9})")

# Words in running text, because as a literal each would take a line of its own.
ADJECTIVES = tuple(
    """
    airy alpine amber ancient arctic autumn azure balmy bold brave breezy bright brisk bronze calm
    candid careful caring cheerful clear clever cobalt colorful comfy copper coral cosmic cozy
    crimson crisp crystal curious dainty dapper daring dawn deep dewy distant dreamy dusty eager
    early earnest easy elegant emerald evening fabled fair faithful fearless festive fleet floral
    fluent fond fragrant fresh friendly frosty gallant generous gentle gilded glad gleaming glowing
    golden graceful grand green happy hardy hazel hearty helpful hidden honest humble icy indigo
    ivory jade jaunty jolly jovial joyful keen kind lasting laughing leafy light likely lilac lively
    lofty loyal lucid lucky luminous lunar magic marble mellow merry mighty mild mindful mint misty
    modest mossy mystic neat nimble noble northern olive opal open patient pearl playful pleasant
    polished polite prime proud pure quaint quick quiet radiant rainy rapid ready regal restful rosy
    royal ruby rustic sage sandy sapphire scarlet scenic serene shining silent silken silver simple
    sincere smooth snowy soft solar southern sparkling splendid spring spry stately steady stellar
    still sturdy summer sunny super sure swift tender thoughtful tidy tranquil true trusty twilight
    upbeat valiant vast velvet verdant vibrant vivid warm whimsical wild willing windy winter wise
    wispy witty wonderful woody zesty
    """.split()  # noqa: SIM905
)

NOUNS = tuple(
    """
    acorn anchor apple aspen aurora badger bamboo bay beacon bear beaver bell birch bird blossom
    bluff bonfire bough breeze bridge brook butterfly canyon cape cascade castle cedar cherry cliff
    cloud clover coast comet compass coral cosmos cove crane creek crest cricket cypress daisy dawn
    deer delta dew dolphin dove dragonfly dream drift dune eagle ember falcon feather fern field
    finch fire firefly fjord flame flower fog forest fountain fox frost galaxy garden gazelle geyser
    glacier glade glen gorge grass grove gull harbor hare harvest haven hawk haze heron hill hollow
    horizon iris island ivy jasmine jay juniper kestrel kite koala lagoon lake lantern lark laurel
    leaf lighthouse lily linden lion lotus lynx magnolia mango maple marsh meadow mesa meteor mist
    moon morning moss mountain music nebula nectar night nova oak oasis ocean orbit orchard orchid
    osprey otter owl palm panda parrot pass path peak pebble penguin peony pine planet plateau pond
    poplar poppy prairie puffin quail quartz rain rainbow raven reef ridge river robin rose sail
    salmon sea seal sequoia shadow shore sky smoke snow snowflake sound sparrow spring star stone
    stream sun sunrise sunset surf swallow swan thistle thunder tide tiger trail tree tulip tundra
    turtle valley violet vista voyage water waterfall wave whale willow wind wolf wood wren zephyr
    """.split()  # noqa: SIM905
)


def friendly_name(rng: random.Random, taken: Collection[str]) -> str:
    """Make a name of two pleasant words and a counter, such as ``misty-glade-12``.

    Parameters
    ----------
    rng
        Where the words are drawn from. Give an own generator: a user who seeds the global one
        expects that tracking leaves it alone.
    taken
        The names that the project's runs have already. The counter is one more than their
        number, or one more than the highest counter among them when that is greater.

    Returns
    -------
    str
        A name that is not in `taken`.
    """
    counters = (int(match[1]) for name in taken if (match := _FRIENDLY.fullmatch(name)))
    counter = max(len(taken), max(counters, default=0)) + 1
    return f"{rng.choice(ADJECTIVES)}-{rng.choice(NOUNS)}-{counter}"


def new_run_id(length: int = _ID_LENGTH) -> str:
    """Draw a run id: characters of ``0-9a-z`` from the system's random source.

    Parameters
    ----------
    length
        How many. Default 8.

    Returns
    -------
    str
        The id. Of 100,000 runs with ids of 8 characters two share an id with a chance of 0.2 %.
    """
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(length))
