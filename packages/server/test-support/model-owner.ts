/**
 * A program that has a model and nothing else, to be killed: prints the number of the model's process, and has it hang when told so.
 *
 * Usage: node model-owner.ts <folder of the model> [hang]
 */
import { fork } from "node:child_process";
import { openLocalEmbedder } from "../src/adapters/transformers/embedder.ts";
import { HANG } from "./faulty-model-texts.ts";
import { embedderOptionsFor, FAULTY_PROGRAM } from "./local-model-options.ts";

const [folder = "", fault] = process.argv.slice(2);
const embedder = await openLocalEmbedder(
  embedderOptionsFor(folder, {
    startProcess(_, options) {
      const child = fork(FAULTY_PROGRAM, [], options);
      process.stdout.write(`${child.pid}\n`);
      return child;
    },
  }),
);
if (fault === "hang") void embedder.embed([HANG], { purpose: "query" });
process.stdout.write("ready\n");
