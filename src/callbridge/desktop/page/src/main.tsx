import "./ui/tokens.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { keepRenewing } from "./api/client";
import { session } from "./api/session";
import { connection, Stream } from "./api/stream";
import { App } from "./app";
import { startClock } from "./model/clock";
import { keepDirectory } from "./model/directory";
import { model } from "./model/store";
import { keepPhone } from "./features/phone/phone";
import { keepCalls } from "./features/phone/rejoin";
import { followSetBy } from "./desk/setBy";
import { startRouter } from "./router";

startClock();
startRouter();
keepRenewing();
keepDirectory();
keepPhone();
keepCalls();
followSetBy();

// The stream lives as long as somebody is logged in, whoever it is.
const stream = new Stream({ take: (events) => model.take(events), connection });
let following: string | null = null;
effect(() => {
  const who = session.value?.agent ?? null;
  if (who === following) return;
  following = who;
  stream.stop();
  model.clear();
  if (who !== null) stream.start();
});

render(<App />, document.getElementById("app") as HTMLElement);
