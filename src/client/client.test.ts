/** The client against a service that a test plays: what it sends, when it asks again, and what it throws. */
import { expect, test } from "vitest";
import { openClient, ServiceError } from "./index.ts";

const image = { name: "a.png", bytes: Uint8Array.of(1, 2) };

/** A client whose service gives these answers in turn. */
function played(answers: readonly (Response | Error)[], token?: string) {
  const asked: { url: string; init: RequestInit }[] = [];
  const waits: number[] = [];
  const client = openClient({
    url: "http://here/",
    token,
    retries: 3,
    fetch: async (url, init) => {
      const answer = answers[asked.length]!;
      asked.push({ url: String(url), init: init! });
      if (answer instanceof Error) throw answer;
      return answer;
    },
    wait: async (milliseconds) => void waits.push(milliseconds),
  });
  return { client, asked, waits };
}

const busy = (status: number, after?: string): Response =>
  Response.json({ error: "busy" }, { status, headers: after === undefined ? {} : { "retry-after": after } });

test("sends images as a form, with its token and what is wished", async () => {
  const { client, asked } = played([Response.json({ images: [] })], "secret");
  await client.predict("ä/b", [image], { falseAlarm: 0.05, score: "ratio" });
  expect(asked[0]!.url).toBe("http://here/api/detectors/%C3%A4%2Fb:predict?falseAlarm=0.05&score=ratio");
  expect(asked[0]!.init.headers).toEqual({ authorization: "Bearer secret" });
  const sent = (asked[0]!.init.body as FormData).getAll("images") as File[];
  expect(sent.map(({ name, size }) => [name, size])).toEqual([["a.png", 2]]);
});

test("asks again where the service is busy or cannot be reached: later each time, and not before it says", async () => {
  const { client, waits } = played([
    busy(503),
    busy(429, "1"),
    new TypeError("gone"),
    Response.json({ detectors: [] }),
  ]);
  expect(await client.detectors()).toEqual([]);
  expect(waits).toEqual([200, 1000, 800]);
});

test("gives up after its retries, and at once where asking again is no use", async () => {
  await expect(played([busy(503), busy(503), busy(503), busy(503)]).client.detectors()).rejects.toMatchObject({
    status: 503,
  });
  const fault = { code: "not-found", subject: "detector", expected: "an id", got: "another" };
  const { client, waits } = played([Response.json({ error: "detector: expected", fault }, { status: 404 })]);
  const error = await client.predict("x", [image]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({ status: 404, message: "detector: expected", fault });
  expect(waits).toEqual([]);
});

test("stops where it is called off", async () => {
  const { client, asked } = played([]);
  await expect(client.predict("x", [image], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
    "enough",
  );
  await expect(client.predict("x", [])).rejects.toMatchObject({ fault: { code: "too-few-images" } });
  expect(asked).toEqual([]);
});
