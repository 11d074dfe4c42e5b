/** The thread of a model with faults: a text can make it hang, another one makes it end, and a third one makes it grow. */
import { parentPort } from "node:worker_threads";
import * as z from "zod";
import { END, GROW, HANG } from "./faulty-model-texts.ts";

const work = z.object({ texts: z.array(z.string()) });

parentPort?.on("message", (raw) => {
  const { texts } = work.parse(raw);
  if (texts.includes(END)) process.exit(3);
  while (texts.includes(HANG));
  const held: number[][] = [];
  while (texts.includes(GROW)) held.push(new Array(100_000).fill(held.length));
});
await import("../src/adapters/transformers/model-worker.ts");
