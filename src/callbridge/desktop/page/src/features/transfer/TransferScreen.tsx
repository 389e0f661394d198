/**
 * The transfer screen, a dialog over the desk while `transferOf` (opened.ts) names one of `model.myCalls`. It closes
 * itself where the call is gone. Takes no props.
 */
export function TransferScreen() {
  return null;
}
