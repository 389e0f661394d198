import type { JSX } from "preact";
import { session } from "./api/session";
import { Desk } from "./desk/Desk";
import { LoginScreen } from "./desk/LoginScreen";
import { LostBanner } from "./desk/LostBanner";
import { TopBar } from "./desk/TopBar";
import { OfferPopup } from "./features/offers/OfferPopup";
import { Refused } from "./features/supervisor/Refused";
import { SupervisorView } from "./features/supervisor/SupervisorView";
import { Wallboard } from "./features/supervisor/Wallboard";
import { WallboardDoor } from "./features/supervisor/WallboardDoor";
import { type Screen, screen } from "./router";
import { Toasts } from "./ui/Toasts";

const SCREENS: Record<Screen, () => JSX.Element> = { desk: Desk, supervisor: SupervisorView, wallboard: Wallboard };

export function App() {
  const supervisor = session.value?.supervisor ?? false;
  const wallboard = screen.value === "wallboard";
  const Shown = supervisor || screen.value === "desk" ? SCREENS[screen.value] : Refused;
  return (
    <>
      {session.value === null ? (
        wallboard ? (
          <WallboardDoor />
        ) : (
          <LoginScreen />
        )
      ) : (
        <>
          {/* The wallboard has the whole screen, and says itself what its numbers are worth. */}
          {!(wallboard && supervisor) && (
            <>
              <TopBar />
              <LostBanner />
            </>
          )}
          <Shown />
          {/* Above every screen: a call may come to a supervisor too. */}
          <OfferPopup />
        </>
      )}
      <Toasts />
    </>
  );
}
