/** Callers that read nothing, or leave in the middle, of a server by itself. No test may say anything on the console (`test/setup.ts`). */
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HttpServer, makeHttpServer } from "./http-server.ts";

let server: HttpServer;
let port: number;
/** Settles when the server has given up the answer that it was sending. */
let givenUp: Promise<void>;

/** An answer without an end, as one of a large file is to somebody who reads none of it. */
function endless(): Response {
  let leave: () => void;
  givenUp = new Promise((resolve) => {
    leave = resolve;
  });
  const source = new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
  source.once("close", () => leave());
  return new Response(Readable.toWeb(source) as ReadableStream);
}

beforeEach(async () => {
  const fetch = ({ url }: Request): Response => (url.endsWith("/endless") ? endless() : new Response("here"));
  server = makeHttpServer({ fetch, timeout: 0.2, waiting: 0, tls: undefined });
  port = Number(new URL(await server.listen("127.0.0.1", 0)).port);
});

afterEach(() => server.close());

/** Asks for the endless answer, reads the beginning of it, and no more. */
async function ask(): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  socket.write("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await new Promise((resolve) => void socket.once("data", resolve));
  socket.pause();
  return socket;
}

test("a caller that reads nothing of its answer is left after a time, others are served, and nothing is said", async () => {
  const socket = await ask();
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(await answer.text()).toBe("here");
  await expect(givenUp).resolves.toBeUndefined();
  socket.destroy();
});

test.each<[string, (socket: Socket) => unknown]>([
  ["leaves", (socket) => socket.destroy()],
  ["breaks off", (socket) => socket.resetAndDestroy()],
])("a caller that %s in the middle of an answer ends it, and nothing is said", async (_, leave) => {
  leave(await ask());
  await expect(givenUp).resolves.toBeUndefined();
  await new Promise(setImmediate);
});

test("whoever still reads when the time is up holds nobody from ending", async () => {
  const socket = await ask();
  socket.resume();
  await server.close();
  await expect(givenUp).resolves.toBeUndefined();
});
