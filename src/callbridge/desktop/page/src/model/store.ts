/** The stream's world as signals: components read them and are drawn anew only where one of theirs changes. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { AgentDelta, Call, GroupDelta, Me, Offer, Pop, StreamEvent, Transfer } from "../api/types";
import { heardMoment } from "./clock";
import { apply, type ById, concerns, NOTHING, type View, type World } from "./world";

export type Listener = (event: StreamEvent) => void;

export class Store {
  readonly view: View;
  private readonly world: Signal<World> = signal(NOTHING);
  private readonly listeners = new Set<Listener>();

  /** How many snapshots there were: with each, names too may be others. */
  readonly snapshots = signal(0);
  /** Whether there was a snapshot yet. */
  readonly known: ReadonlySignal<boolean> = this.part("known");
  readonly me: ReadonlySignal<Me | null> = this.part("me");
  readonly scopes: ReadonlySignal<readonly string[]> = this.part("scopes");
  readonly calls: ReadonlySignal<ById<Call>> = this.part("calls");
  readonly past: ReadonlySignal<ById<Call>> = this.part("past");
  readonly offers: ReadonlySignal<ById<Offer>> = this.part("offers");
  readonly pops: ReadonlySignal<ById<Pop>> = this.part("pops");
  readonly transfers: ReadonlySignal<ById<Transfer>> = this.part("transfers");
  readonly pastTransfers: ReadonlySignal<ById<Transfer>> = this.part("pastTransfers");
  readonly agents: ReadonlySignal<ById<AgentDelta>> = this.part("agents");
  readonly groups: ReadonlySignal<ById<GroupDelta>> = this.part("groups");

  /** The calls that are mine or that I am consulted in, oldest first. */
  readonly myCalls = computed<readonly Call[]>(() => {
    const me = this.me.value?.id;
    return [...this.calls.value.values()]
      .filter((call) => concerns(call, me))
      .sort((a, b) => (a.arrived_at ?? "").localeCompare(b.arrived_at ?? ""));
  });
  /** The pending offers that are mine, the one that ends first at the beginning. */
  readonly myOffers = computed<readonly Offer[]>(() => {
    const me = this.me.value?.id;
    return [...this.offers.value.values()]
      .filter((offer) => offer.agent === me && offer.state === "pending")
      .sort((a, b) => (a.deadline ?? "").localeCompare(b.deadline ?? ""));
  });

  constructor(view: View = "mine") {
    this.view = view;
  }

  /** All of them as one change. */
  take(events: readonly StreamEvent[]): void {
    batch(() => {
      let world = this.world.value;
      for (const event of events) {
        if (event.type === "snapshot") {
          heardMoment(event.data.at);
          this.snapshots.value = this.snapshots.peek() + 1;
        }
        world = apply(world, event, this.view);
      }
      this.world.value = world;
    });
    for (const event of events) for (const listener of this.listeners) listener(event);
  }

  /** For what happens once, such as a sound or a toast; the signals have the event's effect already. */
  onEvent(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Nobody is logged in any more. */
  clear(): void {
    this.world.value = NOTHING;
  }

  private part<K extends keyof World>(name: K): ReadonlySignal<World[K]> {
    return computed(() => this.world.value[name]);
  }
}

/** What concerns me: the desk's store. Supervisors' screens make their own with `new Store("all")`. */
export const model = new Store();
