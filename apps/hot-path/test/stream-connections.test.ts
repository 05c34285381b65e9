import { newUser } from "@leftrail/auth/testing";
import { foundOf, type ReadAnswer } from "@leftrail/read-cache";
import { waitUntil } from "@leftrail/testkit";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { givenMember, startStreamServer } from "./stream-server.ts";

test("a stream behind another request of its connection waits for its turn, and nothing of it is lost", async () => {
  const [slow, quick] = [newUser(), newUser()];
  const organizationId = randomUUID();
  const waiting = Promise.withResolvers<ReadAnswer>();
  const answer: ReadAnswer = {
    ...foundOf(JSON.stringify({ organizations: [{ id: organizationId }] })),
    tier: "miss",
  };
  const read = ({ read: { key } }: { readonly read: { readonly key: string } }) =>
    key.includes(slow.userId) ? waiting.promise : Promise.resolve(answer);
  await using server = await startStreamServer({ deps: { cache: { hit: () => undefined, read } } });
  const { port, host } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1");
  let text = "";
  socket.on("data", (bytes) => (text += String(bytes)));
  socket.write(
    `GET /v1/organizations HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${await server.token(slow)}\r\n\r\n` +
      `GET /v1/stream?token=${await server.token(quick)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  );
  const isOpen = async () => (await server.metric('leftrail_stream_connections{state="live"}')) === 1;
  await waitUntil(isOpen, { what: "the stream" });
  const ids = [await server.publish(organizationId), await server.publish(organizationId)];
  expect(text).toBe("");
  waiting.resolve(answer);
  await waitUntil(() => text.includes(`id: ${ids[1]}`), { what: `the events in ${text}` });
  ids.push(await server.publish(organizationId));
  await waitUntil(() => text.includes(`id: ${ids[2]}`), { what: "the live event" });
  const [, , stream = ""] = text.split("HTTP/1.1 200 OK");
  const order = ["retry: ", "id: ", ...ids.map((id) => `id: ${id}\nevent: `)].map((part) =>
    stream.indexOf(part),
  );
  expect(order.every((at, index) => at > (order[index - 1] ?? 0))).toBe(true);
  socket.destroy();
});

test("a client that closes its half of the connection has gone, and nobody else notices", async () => {
  await using server = await startStreamServer();
  const { as, organizationId } = await givenMember(server);
  const other = await server.open({ as });
  const { port, host } = new URL(server.url);
  const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
  socket.write(`GET /v1/stream?token=${await server.token(as)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const countOpen = () => server.metric('leftrail_stream_connections{state="live"}');
  await waitUntil(async () => (await countOpen()) === 2, { what: "the stream" });
  socket.end();
  await waitUntil(
    async () => {
      await server.publish(organizationId);
      return (await countOpen()) === 1;
    },
    { what: "its end" },
  );
  const id = await server.publish(organizationId);
  await waitUntil(() => other.lastEventId === id, { what: "the other one's event" });
  socket.destroy();
});
