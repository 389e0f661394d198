"""The second story: an agent asks before she transfers, consults, four talk, she leaves; and two numbers outside."""

from callbridge.demo import acts_supervised as acts
from callbridge.demo.acts_supervised import TYPED_TECHNICIAN, TYPED_WAREHOUSE
from callbridge.demo.picture import as_heard
from callbridge.demo.scene import EXTERNAL_TIMEOUT, PRESET_NUMBER, SUPPORT_NUMBER
from callbridge.demo.steps import MUSIC, NOT_IN_A_CALL, RINGS, Ears, Step, Story

_OUTSIDE = ("warehouse", "technician", "headquarters")


def _matrix(**hears: str | frozenset[str]) -> Ears:
    """Everybody of the story: `anna="eva dora"`; who is not named is in no call."""
    everybody = dict.fromkeys(("eva", "anna", "ben", "dora", *_OUTSIDE), NOT_IN_A_CALL)
    heard = {
        name: frozenset(sources.split()) if isinstance(sources, str) else sources for name, sources in hears.items()
    }
    return {**heard, **{name: none for name, none in everybody.items() if name not in heard}}


def _all_talk(*names: str) -> Ears:
    return _matrix(**{name: frozenset(names) - {name} for name in names})


STORY = Story(
    title="A supervised transfer, four in one conversation, and numbers outside",
    steps=(
        Step(
            name="Eva calls, and Anna takes the call",
            telling=f"Eva Winter calls {SUPPORT_NUMBER}. Anna is Available and picks up. Ben is Busy (lunch), Carla "
            "is not at work, Dora is Available.",
            do=acts.begin,
            hears=_all_talk("eva", "anna"),
            afterwards=as_heard(),
        ),
        Step(
            name="Anna looks before she presses OK: may I, who would take it, why not the others",
            telling="Anna chooses the group Experts. Her page says what would happen; nothing has happened yet.",
            do=acts.ask,
            hears=_all_talk("eva", "anna"),
        ),
        Step(
            name="Anna consults the Experts: Dora's phone rings",
            telling="Anna presses OK. Eva hears music, Anna hears the ringing. Dora's page shows whose call it is.",
            do=acts.consult,
            hears=_matrix(eva=MUSIC, anna=RINGS),
            afterwards=as_heard(),
        ),
        Step(
            name="Dora picks up: Anna and Dora talk, Eva hears music",
            telling="Nothing of what the two say reaches Eva.",
            do=acts.dora_answers,
            hears=_matrix(eva=MUSIC, anna="dora", dora="anna"),
            afterwards=as_heard(shown=True),
        ),
        Step(
            name="Anna alternates: she talks with Eva, Dora hears music",
            telling="Anna presses Alternate, to ask Eva something.",
            do=acts.press("alternate", "with_caller"),
            hears=_matrix(eva="anna", anna="eva", dora=MUSIC),
            afterwards=as_heard(),
        ),
        Step(
            name="And back: Anna talks with Dora, Eva hears music",
            telling="Anna presses Alternate again.",
            do=acts.press("alternate", "consulting"),
            hears=_matrix(eva=MUSIC, anna="dora", dora="anna"),
            afterwards=as_heard(),
        ),
        Step(
            name="Anna merges: three talk",
            telling="Anna presses Merge.",
            do=acts.press("merge", "conference"),
            hears=_all_talk("eva", "anna", "dora"),
            afterwards=as_heard(shown=True),
        ),
        Step(
            name="Anna calls a fourth by number: four talk",
            telling=f"Anna types {TYPED_WAREHOUSE}, the number of the warehouse, which answers.",
            do=acts.fourth,
            hears=_all_talk("eva", "anna", "dora", "warehouse"),
            afterwards=as_heard(shown=True),
        ),
        Step(
            name="Anna leaves, the other three go on",
            telling="Anna presses Leave. She is free, in wrap-up; call and pop are Dora's.",
            do=acts.leave,
            hears=_all_talk("eva", "dora", "warehouse"),
            afterwards=as_heard(shown=True),
        ),
        Step(
            name="The warehouse hangs up: Dora and Eva talk",
            telling="What is left is an ordinary call of Dora's.",
            do=acts.fourth_leaves,
            hears=_all_talk("eva", "dora"),
            afterwards=as_heard(),
        ),
        Step(
            name="Eva hangs up; Tom calls, and Anna takes the call",
            telling="Anna's wrap-up is over, so the next call is offered to her.",
            do=acts.next_call,
            hears=_all_talk("tom", "anna"),
            afterwards=as_heard(),
        ),
        Step(
            name="Anna consults a technician by number: it rings, Tom hears music",
            telling=f"Anna types {TYPED_TECHNICIAN}. The technician does not pick up.",
            do=acts.consult_technician,
            hears=_matrix(tom=MUSIC, anna=RINGS),
            afterwards=as_heard(shown=True),
        ),
        Step(
            name="Nobody answers: Tom is back with Anna",
            telling=f"The administrator lets numbers outside ring for {EXTERNAL_TIMEOUT} s. Anna does nothing.",
            do=acts.not_answered,
            hears=_all_talk("tom", "anna"),
            afterwards=as_heard(),
        ),
        Step(
            name="Anna consults the preset Headquarters, who answer",
            telling=f"Supervised, the preset is allowed: {PRESET_NUMBER} is called. Tom hears music meanwhile.",
            do=acts.consult_headquarters,
            hears=_matrix(tom=MUSIC, anna="headquarters", headquarters="anna"),
            afterwards=as_heard(),
        ),
        Step(
            name="Anna completes: Tom talks with Headquarters",
            telling="Anna presses Complete. She is free, in wrap-up; Tom and Headquarters go on without her.",
            do=acts.complete,
            hears=_all_talk("tom", "headquarters"),
            afterwards=as_heard(shown=True),
        ),
        Step(
            name="Tom hangs up, and everything is free again",
            telling="With the caller the call is over: Headquarters is released as well.",
            do=acts.hang_up,
            hears=_matrix(tom=NOT_IN_A_CALL),
            afterwards=acts.everything_free,
        ),
    ),
)
