/** The program of the converter's process: converts one text after the other, told by and to its parent. */
import { createContext, Script } from "node:vm";
import { type ConversionJob, type ConversionResult, convert } from "./convert.ts";

/**
 * The parent kills a process that takes too long; this limit, in milliseconds, is for one whose parent was itself killed, and
 * which would learn of it only after its work. Of what Node offers, only a script of its own can be stopped amid its work.
 */
const ORPHAN_MS = 60_000;

let job: ConversionJob | undefined;
const script = new Script("convert()");
const context = createContext({ convert: (): ConversionResult | undefined => job && convert(job) });

process.on("message", (received: ConversionJob) => {
  job = received;
  const result: ConversionResult = script.runInContext(context, { timeout: ORPHAN_MS });
  process.send?.(result);
});
