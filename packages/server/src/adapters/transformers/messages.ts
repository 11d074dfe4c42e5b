/** What the server and the process of a model say to each other. */
import * as z from "zod";
import { MODEL_PRECISIONS } from "../../model-source.ts";

/** What a process is told first. */
export const modelSetup = z.object({
  /** `mean` and `cls` make one vector from those of the tokens; `score` reads a question with each text. */
  task: z.enum(["mean", "cls", "score"]),
  source: z.union([
    z.object({ kind: z.literal("folder"), path: z.string() }),
    z.object({ kind: z.literal("hub"), name: z.string(), revision: z.string() }),
  ]),
  precision: z.enum(MODEL_PRECISIONS),
  /** Absolute; where models of the hub are kept. */
  modelsDir: z.string(),
  hubUrl: z.string(),
  /** Tokens of one run at most, padding included; a longer text runs alone. */
  tokensPerRun: z.number(),
  /** The server's process: with it ends the model's. */
  serverPid: z.number(),
});
export type ModelSetup = z.infer<typeof modelSetup>;

/** Work for the process; answered under the same number. */
export const workMessage = z.object({ id: z.number(), question: z.string().optional(), texts: z.array(z.string()) });
export type WorkMessage = z.infer<typeof workMessage>;

/** What the server has to know of a model. */
const modelFacts = z.object({
  /** Over the files that the results depend on. */
  digest: z.string(),
  /** Numbers per text. */
  width: z.number(),
  /** Longer texts are cut. */
  maxTokens: z.number(),
});
export type ModelFacts = z.infer<typeof modelFacts>;

const rssBytes = z.number();

/** What a process says; with a result comes its resident memory. */
export const processMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("loaded"), facts: modelFacts, rssBytes }),
  /** The model cannot be used; the message says what to do. The process ends. */
  z.object({ type: z.literal("unusable"), reason: z.string() }),
  /** `width` numbers per text, in the order of the texts. */
  z.object({ type: z.literal("done"), id: z.number(), values: z.instanceof(Float32Array), rssBytes }),
  z.object({ type: z.literal("refused"), id: z.number(), reason: z.string() }),
]);
export type ProcessMessage = z.infer<typeof processMessage>;
