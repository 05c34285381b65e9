export type { ChangeBus, ChangeListener, Relayed } from "./ports.ts";
export { createInProcessChanges, type InProcessChanges } from "./in-process.ts";
export { createRedisBus } from "./redis-bus.ts";
export { createRedisTail, type RedisTail, type TailEvent } from "./redis-tail.ts";
export { createRelay, type Chore, type Relay, type RelayEvent } from "./relay.ts";
