/** Commands that ask. */
import type { AskOptions } from "../ask.ts";
import type { ChatOptions } from "../chat.ts";
import { addCommand, type CommandGroup, repeatable, share, wholeNumber } from "../command-line.ts";
import type { EvaluationOptions } from "../evaluation/run.ts";
import type { SearchOptions } from "../search.ts";

export function declareAsking(group: CommandGroup): void {
  addCommand<AskOptions>(group, "ask <question...>", "ask the documents; - reads the question from the standard input", async (...given) =>
    (await import("../ask.ts")).runAsk(...given),
  )
    .option("--session <id>", "go on with a conversation")
    .addOption(pathOption())
    .option("--no-stream", "print the answer once it is whole");

  addCommand<ChatOptions>(group, "chat", "a conversation; through a pipe, one question in each line", async (context, options) =>
    (await import("../chat.ts")).runChat(context, options),
  )
    .option("--session <id>", "go on with a conversation")
    .addOption(pathOption());

  addCommand<SearchOptions>(group, "search <words...>", "look for passages, without an answer", async (...given) =>
    (await import("../search.ts")).runSearch(...given),
  )
    .option("--limit <number>", "passages at most, 1 to 100", wholeNumber(1, 100), 5)
    .addOption(pathOption())
    .option("--explain", "tell what each signal gave to a score", false);

  addCommand<EvaluationOptions>(group, "eval <file>", "measure the answers to questions of your own; see docs/cli.md", async (...given) =>
    (await import("../evaluation/run.ts")).runEvaluation(...given),
  )
    .option("--limit <number>", "passages looked at for the recall, 1 to 100", wholeNumber(1, 100), 5)
    .option("--min-recall <share>", "fail below this share of expected documents found", share)
    .option("--min-citation-precision <share>", "fail below this share of citations from expected documents", share)
    .option("--min-quotes <share>", "fail below this share of expected quotes cited", share)
    .option("--min-answered <share>", "fail below this share of answerable questions answered", share)
    .option("--min-refusals <share>", "fail below this share of refusals where there is no answer", share);
}

const pathOption = () => repeatable("--path <prefix>", "only documents whose path begins with this");
