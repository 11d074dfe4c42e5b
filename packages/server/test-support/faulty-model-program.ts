/** The process of a model with faults: texts make it hang, end, fail as native code does, grow, or run out of memory. */
import * as z from "zod";
import { ABORT, END, GROW, HANG, HOLD, HOLD_MB, SEGFAULT } from "./faulty-model-texts.ts";

const work = z.object({ texts: z.array(z.string()) });
const held: unknown[] = [];

await import("../src/adapters/transformers/model-program.ts");
process.on("message", (raw) => {
  const { data: { texts } = { texts: [] } } = work.safeParse(raw);
  if (texts.includes(END)) process.exit(3);
  if (texts.includes(ABORT)) process.abort();
  if (texts.includes(SEGFAULT)) process.kill(process.pid, "SIGSEGV");
  while (texts.includes(HANG));
  if (texts.includes(HOLD)) held.push(Buffer.alloc(HOLD_MB * 1_048_576, 1));
  while (texts.includes(GROW)) held.push(new Array(100_000).fill(held.length));
});
