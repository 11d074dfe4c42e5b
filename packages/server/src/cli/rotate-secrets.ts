/** `rag rotate-secrets`: a new API_KEY and SECRET_KEY in an environment file, and those of before good for a while. */
import { changeEnvironmentFile } from "../composition/environment-file.ts";
import { endRotation, rotateSecrets } from "../operations/secret-rotation.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";

export interface RotationOptions {
  readonly file: string;
  /** Milliseconds. */
  readonly overlap: number;
  readonly again: boolean;
  readonly end: boolean;
}

const NEXT = "Next: ./scripts/deploy.sh, so that the server takes it over.";

export async function runRotateSecrets({ output }: Context, { file, overlap, again, end }: RotationOptions): Promise<number> {
  try {
    if (end) {
      const isChanged = await changeEnvironmentFile(file, endRotation);
      output.data({ file, result: isChanged ? "ended" : "nothing to end" }, () =>
        isChanged ? `The secrets of before are no longer in ${file}. ${NEXT}` : `There are no secrets of before in ${file}; nothing was changed.`,
      );
      return EXIT.ok;
    }
    let runningUntil: string | undefined;
    let until: string | undefined;
    await changeEnvironmentFile(file, (text, { nowMs, createSecret }) => {
      const result = rotateSecrets(text, { nowMs, overlapMs: overlap, isAgain: again, createSecret });
      if (result.kind === "rotated") until = result.until;
      else runningUntil = result.until;
      return result.kind === "rotated" ? result.text : undefined;
    });
    if (runningUntil !== undefined) {
      const runs = runningUntil;
      output.data({ file, result: "under way", until: runs }, () =>
        [
          `The last rotation goes on until ${runs}; nothing was changed.`,
          "If the server has not taken it over yet: ./scripts/deploy.sh. Once nobody uses the secrets of before: --end.",
          "To rotate all the same, which ends them now: --again, or --overlap 0 to end the present ones too.",
        ].join("\n"),
      );
      return EXIT.ok;
    }
    output.data({ file, result: "rotated", until: until ?? null }, () =>
      [
        `${file} has a new API_KEY and SECRET_KEY; ${until === undefined ? "those of before end with the next deploy" : `those of before are good until ${until}`}.`,
        NEXT,
        ...(until === undefined
          ? ["Then clients need the new API_KEY, and everybody logs in again."]
          : [
              "Then give clients the new API_KEY. Who still uses a secret of before: `previousSecrets` in /health/detailed, rag_previous_secret_uses_total.",
              "When nobody does: ./scripts/rotate-secrets --end, and deploy again.",
            ]),
      ].join("\n"),
    );
    return EXIT.ok;
  } catch (error) {
    if (error instanceof RangeError) throw new CliError(EXIT.failed, `${file}: ${error.message}. Nothing was changed.`, { cause: error });
    throw error;
  }
}
