import { z } from "zod";
import { momentSchema, nameLengthMax, timestampSchema, toTimestamp, uuidSchema } from "./scalars.ts";

/** Longest free text in an event, in bytes of UTF-8. */
export const eventTextBytesMax = 60_000;

// What every reader can decode and keep.
const sound = z
  .string()
  .refine((value) => !value.includes("\0"), "must not contain U+0000")
  .refine((value) => value.isWellFormed(), "must not contain a lone surrogate");

// Characters as JSON Schema's maxLength counts them: one outside of the BMP is one.
const shortText = sound.refine(
  (value) => hasCharactersAtMost(value, nameLengthMax),
  `must have at most ${nameLengthMax} characters`,
);
const id = shortText.min(1, "must not be empty").meta({ maxLength: nameLengthMax });
const name = shortText.regex(/\S/, "must not be empty").meta({ maxLength: nameLengthMax });
const freeText = sound
  .refine(
    (value) => hasUtf8BytesAtMost(value, eventTextBytesMax),
    `must be at most ${eventTextBytesMax} bytes of UTF-8`,
  )
  .meta({ description: `At most ${eventTextBytesMax} bytes of UTF-8` });

/** A moment as a reporter writes it, with an offset or `Z`; comes out as answers carry moments. */
const moment = momentSchema.transform(toTimestamp).meta({ format: "date-time" });

const changeStateSchema = z.enum(["open", "acknowledged", "snoozed", "resolved", "dismissed"]);

/** What services publish, by type: the `data` of each event. */
export const publishedEvents = {
  "scheduler.tick": z.strictObject({ tick: z.int().min(0), at: moment, nextAt: moment }),
  "run.stage": z.strictObject({
    runId: id,
    stage: z.enum(["queued", "fetching", "diffing", "analyzing", "acting", "done", "failed"]),
    progress: z.number().min(0).max(1),
    message: freeText.optional(),
  }),
  "change.detected": z.strictObject({
    changeId: id,
    runId: id.optional(),
    source: name,
    title: freeText,
    severity: z.enum(["low", "medium", "high", "critical"]),
    detectedAt: moment,
  }),
  "action.delivered": z.strictObject({
    actionId: id,
    changeId: id,
    channel: z.enum(["slack", "email", "webhook", "ticket"]),
    status: z.enum(["delivered", "failed"]),
    deliveredAt: moment,
  }),
  "change.stateChanged": z.strictObject({
    changeId: id,
    from: changeStateSchema,
    to: changeStateSchema,
    actorId: id,
    at: moment,
  }),
  "org.entitlements.changed": z.strictObject({
    reason: z.enum(["entitlement", "override", "tenant", "product"]),
    products: z.array(name),
  }),
} as const;

/** What a stream says of itself, to the one connection concerned. */
export const streamEvents = {
  "stream.gap": z.strictObject({
    reason: z.enum(["expired", "unknown"]),
    requested: z.string(),
    resumedFrom: z.string(),
  }),
  "stream.reauth": z.strictObject({ expiresAt: timestampSchema }),
  "stream.revoked": z.strictObject({}),
} as const;

export type PublishedEventType = keyof typeof publishedEvents;
export type StreamEventType = keyof typeof streamEvents;
export type EventType = PublishedEventType | StreamEventType;

/** The `data` of an event of a type. */
export type EventData<T extends EventType> = T extends PublishedEventType
  ? z.output<(typeof publishedEvents)[T]>
  : T extends StreamEventType
    ? z.output<(typeof streamEvents)[T]>
    : never;

/** An event as the stream carries it, in one line of JSON. */
export type StreamedEvent = {
  readonly [T in EventType]: {
    readonly id: string;
    readonly type: T;
    readonly orgId: string;
    readonly occurredAt: string;
    readonly data: EventData<T>;
  };
}[EventType];

export const isPublishedEventType = (text: string): text is PublishedEventType =>
  Object.hasOwn(publishedEvents, text);

const published = <const T extends PublishedEventType>(type: T) =>
  z.strictObject({
    org_id: uuidSchema,
    type: z.literal(type),
    data: publishedEvents[type],
    event_key: z
      .string()
      .regex(/^[\x20-\x7e]{1,255}$/, "must be 1 to 255 printable ASCII characters")
      .optional()
      .meta({ description: "The same key twice within a day is one event of the organization" }),
  });

/** `POST /v1/internal/events` */
export const publishEventInputSchema = z
  .discriminatedUnion(
    "type",
    [
      published("scheduler.tick"),
      published("run.stage"),
      published("change.detected"),
      published("action.delivered"),
      published("change.stateChanged"),
      published("org.entitlements.changed"),
    ],
    { error: ({ code }) => (code === "invalid_union" ? notPublished : undefined) },
  )
  .meta({ id: "PublishEvent" });
export type PublishEventInput = z.infer<typeof publishEventInputSchema>;

/** What publishing answers: the id that the stream gives the event. */
export const publishedEventBodySchema = z
  .strictObject({ id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) })
  .meta({ id: "PublishedEvent" });
export type PublishedEventBody = z.infer<typeof publishedEventBodySchema>;

const notPublished = `must be one of ${Object.keys(publishedEvents)
  .map((type) => JSON.stringify(type))
  .join(", ")}`;

function hasCharactersAtMost(value: string, max: number): boolean {
  // A character is one or two units: only what lies between needs counting.
  return value.length <= max || (value.length <= 2 * max && Array.from(value).length <= max);
}

function hasUtf8BytesAtMost(value: string, max: number): boolean {
  if (value.length > max) return false;
  let bytes = 0;
  for (const character of value) {
    const codePoint = character.codePointAt(0) ?? 0;
    bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return bytes <= max;
}
