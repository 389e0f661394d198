/** What this page uses of JsSIP beyond its public types. The version is pinned in package.json. */
declare module "jssip/lib/RequestSender" {
  import type { UA } from "jssip";
  import type { IncomingResponse, OutgoingRequest } from "jssip/lib/SIPMessage";

  export default class RequestSender {
    constructor(
      ua: UA,
      request: OutgoingRequest,
      handlers: {
        onReceiveResponse?: (response: IncomingResponse) => void;
        onRequestTimeout?: () => void;
        onTransportError?: () => void;
      },
    );
    send(): void;
  }
}
