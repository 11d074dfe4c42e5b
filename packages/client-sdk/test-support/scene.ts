/** A client whose server is a script and whose time stands still. */
import { createClient } from "../src/client.ts";
import type { AnswerEvent } from "../src/model.ts";
import type { ClientOptions } from "../src/options.ts";
import { createManualTime, createScriptedFetch, type Reply } from "../src/testing.ts";

/** @param options beside those of the scene; jitter is half of what it may be. */
export function createScene(script: readonly Reply[], options: Partial<ClientOptions> = {}) {
  const time = createManualTime();
  const { fetch, requests } = createScriptedFetch(script);
  const client = createClient({ baseUrl: "http://rag.test/base/", apiKey: "key-1", fetch, time, random: () => 0.5, ...options });
  return { client, time, requests };
}

/** The error a promise ends with. @throws when it ends with none. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`It succeeded with ${JSON.stringify(value)}.`);
    },
    (error: unknown) => error,
  );
}

/** What a stream gives until it ends, and the error it ends with. */
export async function collect(stream: AsyncIterable<AnswerEvent>): Promise<{ seen: AnswerEvent[]; error: unknown }> {
  const seen: AnswerEvent[] = [];
  try {
    for await (const event of stream) seen.push(event);
    return { seen, error: undefined };
  } catch (error) {
    return { seen, error };
  }
}
