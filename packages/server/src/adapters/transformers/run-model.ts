/** Runs a loaded model on texts: tokens in, one row of numbers per text out. */
import { type LoadedFiles, loadModelFiles, UnusableModel } from "./load-model.ts";
import type { ModelFacts, ModelSetup, WorkMessage } from "./messages.ts";
import { digestModel, modelFolder } from "./model-files.ts";
import { type OutputTensor, poolVectors, toRelevances } from "./output.ts";
import { cutSequence, groupByLength, type TokenSequence } from "./token-sequence.ts";

type Work = Omit<WorkMessage, "id">;

/** A model that can be run. */
export interface RunnableModel {
  readonly facts: ModelFacts;
  /** `facts.width` numbers per text, in the order of the texts. @throws Error when the model cannot do that with these texts. */
  run(work: Work): Promise<Float32Array<ArrayBuffer>>;
}

const FALLBACK_MAX_TOKENS = 512;
/** Models of this family count the positions of a text from 2. */
const COUNTS_FROM_TWO = /roberta|camembert|mpnet/;
const PLAIN = { padding: false, truncation: false, return_tensor: false } as const;

function isOutput(value: unknown): value is OutputTensor {
  return typeof value === "object" && value !== null && "dims" in value && "data" in value && value.data instanceof Float32Array;
}

function readMaxTokens({ tokenizer, network }: LoadedFiles): number {
  const { max_position_embeddings: positions, model_type: family }: Readonly<Record<string, unknown>> = { ...network.config };
  const ofNetwork = typeof positions === "number" ? positions - (COUNTS_FROM_TWO.test(String(family)) ? 2 : 0) : FALLBACK_MAX_TOKENS;
  return Math.min(tokenizer.model_max_length ?? ofNetwork, ofNetwork);
}

function createRun(files: LoadedFiles, setup: ModelSetup, maxTokens: number): (work: Work) => Promise<readonly Float32Array[]> {
  const { runtime, tokenizer, network } = files;
  const special = new Set<number>(tokenizer.all_special_ids);

  /** At most half of what the model takes is the question; the rest is for the passage. */
  function cutQuestion(question: string): string {
    const ids: number[] = tokenizer.encode(question, { add_special_tokens: false });
    const half = Math.floor(maxTokens / 2);
    return ids.length <= half ? question : tokenizer.decode(ids.slice(0, half), { skip_special_tokens: true });
  }

  function tokenise({ texts, question }: Work): readonly TokenSequence[] {
    const cut = question === undefined ? undefined : cutQuestion(question);
    const encoded =
      cut === undefined
        ? tokenizer(texts, PLAIN)
        : tokenizer(
            texts.map(() => cut),
            { ...PLAIN, text_pair: texts },
          );
    return encoded.input_ids.map((ids: number[], at: number) => {
      const types: number[] = encoded.token_type_ids?.[at] ?? ids.map(() => 0);
      return cutSequence({ ids, types }, maxTokens, special);
    });
  }

  async function runTogether(sequences: readonly TokenSequence[]): Promise<readonly Float32Array[]> {
    const lengths = sequences.map(({ ids }) => ids.length);
    const longest = Math.max(...lengths);
    const tensor = (value: (sequence: TokenSequence, at: number) => number) => {
      const numbers = new BigInt64Array(sequences.length * longest);
      for (const [row, sequence] of sequences.entries()) {
        for (let at = 0; at < longest; at += 1) numbers[row * longest + at] = BigInt(value(sequence, at));
      }
      return new runtime.Tensor("int64", numbers, [sequences.length, longest]);
    };
    const outputs = await network({
      input_ids: tensor(({ ids }, at) => ids[at] ?? tokenizer.pad_token_id ?? 0),
      attention_mask: tensor(({ ids }, at) => (at < ids.length ? 1 : 0)),
      token_type_ids: tensor(({ types }, at) => types[at] ?? 0),
    });
    const output: unknown = setup.task === "score" ? outputs.logits : (outputs.last_hidden_state ?? outputs.token_embeddings);
    if (!isOutput(output)) throw new Error(`the model gives ${Object.keys(outputs).join(", ")}, and not what is asked of it`);
    return setup.task === "score" ? toRelevances(output) : poolVectors(output, lengths, setup.task);
  }

  return async (work) => {
    const sequences = tokenise(work);
    const rows: Float32Array[] = [];
    for (const group of groupByLength(
      sequences.map(({ ids }) => ids.length),
      setup.tokensPerRun,
    )) {
      const outputs = await runTogether(group.flatMap((position) => sequences[position] ?? []));
      for (const [at, position] of group.entries()) rows[position] = outputs[at] ?? new Float32Array();
    }
    return rows;
  };
}

/**
 * Loads the model and runs it once, so that the first question does not pay for what happens at a first run.
 *
 * @throws {UnusableModel} when it cannot be used as it is configured.
 */
export async function openModel(setup: ModelSetup): Promise<RunnableModel> {
  const files = await loadModelFiles(setup);
  const maxTokens = readMaxTokens(files);
  const run = createRun(files, setup, maxTokens);
  const trial = { texts: ["A first run."], ...(setup.task === "score" ? { question: "Does it run?" } : {}) };
  const [row] = await run(trial).catch((error: unknown) => {
    throw new UnusableModel(`${modelFolder(setup)} does not do what it is configured for: ${error instanceof Error ? error.message : String(error)}`);
  });
  const width = row?.length ?? 0;
  return {
    facts: { digest: await digestModel(modelFolder(setup), setup.precision), width, maxTokens },
    async run(work) {
      const values = new Float32Array(work.texts.length * width);
      for (const [at, row] of (await run(work)).entries()) values.set(row, at * width);
      if (!values.every(Number.isFinite)) throw new Error("the model gives numbers that are none");
      return values;
    },
  };
}
