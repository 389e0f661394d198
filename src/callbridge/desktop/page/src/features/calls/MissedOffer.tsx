/** After a missed offer (`model.me.value.missed_offer`): stay Busy, or become Available. Takes no props. */
export function MissedOffer() {
  return null;
}
