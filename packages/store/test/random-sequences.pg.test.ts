import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { AuditEntry } from "../src/index.ts";
import { memoryHarness, postgresHarness, type StoreHarness } from "../src/testing/index.ts";
import { commandArbitrary, userIds, worldArbitrary, type Command } from "./model/commands.ts";
import { runCommand } from "./model/run-command.ts";

const sequencesMax = 80;
const commandsMax = 20;
/** More than one command leaves in the outbox. */
const rowsMax = 1000;

/** What everybody sees in the end, so that no sequence is in vain. */
const finalReads: readonly Command[] = userIds.map((userId) => ({
  do: "readEverything",
  userId,
  isPlatformAdmin: false,
}));

let memory: StoreHarness;
let postgres: StoreHarness;

beforeAll(async () => {
  memory = await memoryHarness();
  postgres = await postgresHarness(inject("postgres"));
});
afterAll(async () => {
  await memory[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

test("any sequence of commands gets the same answers from both engines and leaves the same state and scopes", async () => {
  const sequences = fc.array(commandArbitrary, { minLength: 5, maxLength: commandsMax, size: "max" });
  await fc.assert(
    fc.asyncProperty(worldArbitrary, sequences, async (world, commands) => {
      await Promise.all([memory.arrange.clear(), postgres.arrange.clear()]);
      for (const command of [...world, ...commands, ...finalReads]) {
        const [model, real] = await Promise.all([runCommand(memory, command), runCommand(postgres, command)]);
        expect(real).toEqual(model);
        const [modelScopes, realScopes] = await Promise.all([takeScopes(memory), takeScopes(postgres)]);
        expect(realScopes, JSON.stringify(command)).toEqual(modelScopes);
      }
      const [model, real] = await Promise.all([memory.dump(), postgres.dump()]);
      expect(real.rows).toEqual(model.rows);
      expect(real.auditLog.map(comparable)).toEqual(model.auditLog.map(comparable));
    }),
    { numRuns: sequencesMax },
  );
}, 120_000);

/**
 * The scopes and reasons that a command left in the outbox, each once: a port's write is one statement
 * of ours, but the cascades behind it may be several, and each records for itself.
 */
async function takeScopes({ store, arrange }: StoreHarness): Promise<readonly string[]> {
  const { rows } = await store.read.outbox.look(rowsMax);
  await arrange.relayed();
  return [...new Set(rows.map(({ scope, reason }) => `${scope} ${reason}`))].toSorted();
}

// Ids, moments and hashes are each engine's own; the store's suite checks them by themselves.
function comparable(entry: AuditEntry) {
  const { id: _id, createdAt: _createdAt, hash: _hash, keyId: _keyId, ...rest } = entry;
  return rest;
}
