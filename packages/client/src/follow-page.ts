/** What becomes of a page that its user leaves and may come back to. */
export interface PageHandlers {
  /** It will be kept, with all that it holds, and not run: for long, or for good. */
  readonly putAway: () => void;
  /** It is there again, as it was. */
  readonly shown: () => void;
}

/** Until the signal. In Node there is no page. */
export function followPage(signal: AbortSignal, { putAway, shown }: PageHandlers): void {
  const listen: unknown = Reflect.get(globalThis, "addEventListener");
  if (typeof listen !== "function") return;
  const on = (type: string, handler: () => void): void => {
    const listener = (event: { readonly persisted?: boolean }): void => {
      if (event.persisted === true) handler();
    };
    Reflect.apply(listen, globalThis, [type, listener, { signal }]);
  };
  on("pagehide", putAway);
  on("pageshow", shown);
}
