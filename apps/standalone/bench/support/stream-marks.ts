/** Stands once in every event that is measured, and nowhere else on the wire: one byte is never torn apart. */
export const mark = "~";

/** One clock for all processes of a machine, in milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
