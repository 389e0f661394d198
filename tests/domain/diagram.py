"""Draws the two machines into README.md from what their cells lead to (`cells.py`): `make diagrams`.

Arrows between the same two states are one, with all their stimuli. What leads to the same place from most states is
said below the diagram instead of drawn.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from cells import ROUTING, SUPERVISED, parse

README = Path(__file__).parents[2] / "README.md"
_MOST = 5
"""States from which a stimulus leads to one place, so that it is said and not drawn."""
_PER_LINE = 3
"""Stimuli in one line of an arrow's label."""
Edges = dict[tuple[str, str], list[str]]


def edges(grid: str) -> tuple[Edges, dict[tuple[str, str], list[str]]]:
    """The arrows with their stimuli; and what is only said: (stimulus, to) and from where."""
    table = parse(grid)
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for state, row in table.items():
        for stimulus, leads in row.items():
            for to in leads:
                if to not in (".", "!", state):
                    sources[stimulus, to].append(state)
    said = {key: states for key, states in sources.items() if len(states) >= _MOST}
    drawn: Edges = defaultdict(list)
    for (stimulus, to), states in sources.items():
        if (stimulus, to) not in said:
            for state in states:
                drawn[state, to].append(stimulus)
    return dict(drawn), said


def _words(stimulus: str) -> str:
    return stimulus.replace("_", " ")


def _label(stimuli: list[str]) -> str:
    words = [_words(stimulus) for stimulus in stimuli]
    lines = [", ".join(words[index : index + _PER_LINE]) for index in range(0, len(words), _PER_LINE)]
    return ",\\n".join(lines)


def draw(grid: str, first: str, foreign: str) -> str:
    """A mermaid diagram and the sentences below it. `foreign`: how states of the other machine are shown."""
    drawn, said = edges(grid)
    own = list(parse(grid))
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    others = sorted({to for _, to in drawn} - {*own, "ended"})
    lines += [f"    {state}: {_words(state)}" for state in own if "_" in state]
    lines += [f"    {state}: {state}\\n({foreign})" for state in others]
    lines += [
        f"    {state} --> {'[*]' if to == 'ended' else to}: {_label(stimuli)}"
        for (state, to), stimuli in sorted(drawn.items(), key=lambda item: own.index(item[0][0]))
    ]
    lines.append("```")
    if said:
        lines.append("")
        lines += [
            f"- *{_words(stimulus)}* in {', '.join(map(_words, states[:-1]))} or {_words(states[-1])}: {_words(to)}"
            for (stimulus, to), states in sorted(said.items())
        ]
    return "\n".join(lines)


def drawn_into(text: str) -> str:
    """The README with both diagrams as they are now."""
    pages = {
        "routing": draw(ROUTING, "waiting", "supervised, below"),
        "supervised": draw(SUPERVISED, "ringing", "one agent, above"),
    }
    for name, page in pages.items():
        pattern = re.compile(rf"(<!-- diagram:{name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"README.md has no place for the diagram {name!r}")
        text = pattern.sub(lambda found, page=page: f"{found[1]}{page}\n{found[2]}", text)
    return text


def main() -> int:
    README.write_text(drawn_into(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
