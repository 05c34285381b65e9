/** As where a listener of a page throws; in Node, as where one of an EventTarget does: an uncaught exception. */
export function reportError(error: unknown): void {
  const report: unknown = Reflect.get(globalThis, "reportError");
  if (typeof report === "function") Reflect.apply(report, globalThis, [error]);
  else {
    queueMicrotask(() => {
      throw error;
    });
  }
}
