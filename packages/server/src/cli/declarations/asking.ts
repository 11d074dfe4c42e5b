/** Commands that ask. */
import type { AskOptions } from "../ask.ts";
import type { ChatOptions } from "../chat.ts";
import { addCommand, type CommandGroup, repeatable, wholeNumber } from "../command-line.ts";
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
}

const pathOption = () => repeatable("--path <prefix>", "only documents whose path begins with this");
