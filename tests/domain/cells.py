"""What each cell of the two tables leads to: a row for each stimulus, a column for each state.

`.` nothing changes; a word is the state or stage right after the cell; `a/b` depends on the call; `!` is said aloud: it
cannot happen, and if it does it is an anomaly. `test_cells.py` runs every cell and compares; the diagrams in the README
are drawn from here. A change of behaviour shows as a change of this page.
"""
# ruff: noqa: E501

ROUTING = """
                  waiting         offering      connecting  talking           moving              falling_back  ending
caller_held       .               .             .           .                 connecting/waiting  .             ./waiting
caller_gone       ended           ended/ending  ending      ending            ended/ending        ended         ./ended
caller_replaced   .               .             .           .                 .                   .             .
caller_fell_back  ended           ended/ending  ending      ending            ended/ending        ended         .
leg_ringing       .               .             .           .                 .                   .             .
leg_answered      .               connecting    .           .                 .                   .             .
leg_held          .               connecting    .           .                 .                   .             .
leg_gone          .               waiting       waiting     ending/waiting    .                   .             ./ended
leg_failed        .               .             .           .                 .                   .             .
joined            !               !             talking     .                 .                   .             .
action_failed     .               ./waiting     .           .                 .                   .             .
offer_timeout     .               waiting       .           .                 .                   .             .
pbx_timeout       .               waiting       ./waiting   .                 .                   .             .
wait_timeout      ./falling_back  .             .           .                 .                   .             .
talked            .               .             .           .                 .                   .             .
accept            .               connecting    .           .                 .                   .             .
reject            .               waiting       .           .                 .                   .             .
agent_left        .               waiting       .           .                 .                   .             .
end               .               .             waiting     ending            .                   .             .
hold              .               .             .           held              .                   .             .
resume            .               .             .           .                 .                   .             .
ring_again        .               .             .           returning         .                   .             .
transfer          .               .             .           ./moving/ringing  .                   .             .
cancel_transfer   .               waiting       .           .                 .                   .             .
phone_holds       .               .             .           held              .                   .             .
phone_back        .               .             .           .                 .                   .             .
"""

SUPERVISED = """
                  held              ringing                        consulting          with_caller         conference                             completing         returning  without_caller  external
caller_gone       ending            ending                         without_caller      without_caller      without_caller                         ending             ending     .               ending
caller_replaced   .                 .                              .                   .                   .                                      .                  .          .               .
caller_fell_back  ending            ending                         ending              ending              ending                                 ending             ending     .               ending
agent_gone        waiting           connecting/offering/waiting    completing/waiting  completing/waiting  ./completing/external/talking/waiting  .                  waiting    ./ending        .
agent_overdue     waiting           offering/waiting               completing/waiting  completing/waiting  ./external/talking                     .                  waiting    ./ending        .
target_answered   .                 .                              .                   .                   .                                      .                  .          .               .
target_up         .                 consulting                     .                   .                   .                                      .                  .          .               .
target_gone       .                 returning                      returning           returning           ./external/returning                   returning/waiting  .          ./ending        ending/waiting
target_overdue    .                 returning                      returning           returning           returning                              returning          .          ending          .
fourth_up         .                 .                              conference          conference          .                                      .                  .          .               .
fourth_gone       .                 .                              .                   .                   ./external/returning                   .                  .          .               .
fourth_failed     .                 .                              .                   .                   .                                      .                  .          .               .
fourth_overdue    .                 .                              .                   .                   .                                      .                  .          .               .
settled           .                 .                              .                   .                   .                                      external/talking   talking    .               .
stuck             returning         returning                      returning           returning           returning                              returning/waiting  waiting    ending          waiting
offer_timeout     .                 returning                      .                   .                   .                                      .                  .          .               .
wait_timeout      .                 returning                      .                   .                   .                                      .                  .          .               .
accept            .                 .                              .                   .                   .                                      .                  .          .               .
reject            .                 returning                      .                   .                   .                                      .                  .          .               .
target_left       .                 returning                      .                   .                   .                                      .                  .          .               .
hold              .                 .                              .                   .                   .                                      .                  .          .               .
resume            returning         .                              .                   .                   .                                      .                  .          .               .
ring_again        .                 .                              .                   .                   .                                      .                  .          .               .
transfer          ./moving/ringing  .                              .                   .                   .                                      .                  .          .               .
alternate         .                 .                              with_caller         consulting          .                                      .                  .          .               .
merge             .                 .                              conference          conference          .                                      .                  .          .               .
complete          .                 ./connecting/offering/waiting  completing          completing          ./completing/external/talking          .                  .          .               .
cancel            .                 returning                      returning           returning           returning                              returning/waiting  .          .               .
leave             .                 .                              .                   .                   ./completing/external/talking          .                  .          .               .
call_fourth       .                 .                              .                   .                   .                                      .                  .          .               .
party             .                 .                              .                   .                   ./returning                            .                  .          .               .
end               ending            connecting/offering/waiting    completing/waiting  completing/waiting  ./completing/external/talking/waiting  .                  ending     ending          ending
phone_holds       .                 .                              .                   .                   .                                      .                  held       .               .
phone_back        returning         .                              .                   .                   .                                      .                  .          .               .
"""


def parse(grid: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """State -> stimulus -> where it leads."""
    lines = [line.split() for line in grid.strip().splitlines()]
    columns, *rows = lines
    table: dict[str, dict[str, tuple[str, ...]]] = {column: {} for column in columns}
    for stimulus, *cells in rows:
        for column, cell in zip(columns, cells, strict=True):
            table[column][stimulus] = tuple(cell.split("/"))
    return table
