/** The promise's outcome, or an error when it takes longer; whatever it does later is ignored. */
export async function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  failure: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    // Once more around the event loop: where this process itself was busy, the answer may lie there already.
    timer = setTimeout(() => setImmediate(() => reject(failure())), timeoutMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
