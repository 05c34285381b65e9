import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * Claims a folder for this process: nobody else gets it until the claim is disposed of
 * or the process has ended, however that happens. The folder must exist.
 */
export function claimFolder(folder: string): Disposable | { readonly heldByPid: number } {
  // The one lock in Node that the kernel lets go of; the number beside it only says whose it is.
  const claim = new DatabaseSync(join(folder, "claim"), { timeout: claimTimeoutMs });
  try {
    claim.exec(`pragma user_version = ${process.pid}`);
    claim.exec("begin immediate");
    return { [Symbol.dispose]: () => claim.close() };
  } catch (error) {
    if (!isHeld(error)) {
      claim.close();
      throw error;
    }
  }
  const heldByPid = Number(claim.prepare("pragma user_version").get()?.["user_version"]);
  claim.close();
  return { heldByPid };
}

/** Somebody who merely looks at the claim has it for less than this. */
const claimTimeoutMs = 200;
const sqliteBusy = 5;

const isHeld = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
