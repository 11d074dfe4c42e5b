/** About how many tokens a call will take, before the upstream has counted them. */
import type { ChatMessage } from "../ports.ts";

/**
 * UTF-8 bytes of one token. Measured with the cl100k vocabulary, on which that of Llama 3 is built, over pieces of 12,000 characters: English
 * prose and Markdown have 4.3 and 4.7 in the mean, 3.5 in the densest prose, 3.4 in pages full of tables. The estimate is to err upwards,
 * since what was too much is given back.
 */
const BYTES_PER_TOKEN = 3.5;
/** What a chat template adds to each message. */
const TOKENS_PER_MESSAGE = 8;

/** Tokens of the prompt and, at most, of the completion. */
export function estimateTokens(messages: readonly ChatMessage[], maxTokens: number): number {
  const bytes = messages.reduce((sum, { content }) => sum + countBytes(content), 0);
  return Math.ceil(bytes / BYTES_PER_TOKEN) + messages.length * TOKENS_PER_MESSAGE + maxTokens;
}

/** Tokens of a text alone; errs upwards like {@link estimateTokens}. */
export function estimateTextTokens(text: string): number {
  return Math.ceil(countBytes(text) / BYTES_PER_TOKEN);
}

function countBytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Each half of a surrogate pair stands for two of its four bytes.
    const isHalf = unit >= 0xd800 && unit <= 0xdfff;
    if (unit >= 0x80) bytes += unit >= 0x800 && !isHalf ? 2 : 1;
  }
  return bytes;
}
