/** The thread of a model with two faults: a text can make it hang, and another one makes it end. */
import { parentPort } from "node:worker_threads";
import { z } from "zod";
import { END, HANG } from "./faulty-model-texts.ts";

const work = z.object({ texts: z.array(z.string()) });

parentPort?.on("message", (raw) => {
  const { texts } = work.parse(raw);
  if (texts.includes(END)) process.exit(3);
  while (texts.includes(HANG));
});
await import("../src/adapters/transformers/model-worker.ts");
