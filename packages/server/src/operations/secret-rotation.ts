/** Replacing `API_KEY` and `SECRET_KEY` in an environment file, with those of before good for a while. */
import { parseEnvFile } from "./env-file.ts";

const SECRETS = ["API_KEY", "SECRET_KEY"] as const;
const UNTIL = "PREVIOUS_SECRETS_UNTIL";

export type RotationResult =
  | { readonly kind: "rotated"; readonly text: string /** Undefined: those of before end at once. */; readonly until: string | undefined }
  /** The last rotation is not over; nothing is changed. */
  | { readonly kind: "under way"; readonly until: string };

/**
 * @param text the file.
 * @param overlapMs how long the secrets of before stay good; 0: not at all.
 * @param isAgain whether to rotate although the last rotation is not over, which ends the secrets before that one.
 * @param createSecret 32 bytes or more of text that needs no quotes.
 * @throws RangeError when the file has no secrets to replace, or has one twice.
 */
export function rotateSecrets(
  text: string,
  {
    nowMs,
    overlapMs,
    isAgain,
    createSecret,
  }: { readonly nowMs: number; readonly overlapMs: number; readonly isAgain: boolean; readonly createSecret: () => string },
): RotationResult {
  const file = parseEnvFile(text);
  const missing = SECRETS.filter((name) => isEmpty(file.get(name)));
  if (missing.length > 0) throw new RangeError(`${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set there`);
  const runningUntil = unquoted(file.get(UNTIL) ?? "");
  // Whoever was cut off and does it again must not take the secrets away that clients still use.
  if (overlapMs > 0 && !isAgain && Date.parse(runningUntil) > nowMs) return { kind: "under way", until: runningUntil };
  const until = overlapMs > 0 ? new Date(nowMs + overlapMs).toISOString().replace(/\.\d+Z$/, "Z") : undefined;
  for (const name of SECRETS) {
    file.set(`${name}_PREVIOUS`, until === undefined ? "" : (file.get(name) ?? ""), name);
    file.set(name, createSecret());
  }
  file.set(UNTIL, until ?? "", "SECRET_KEY_PREVIOUS");
  return { kind: "rotated", text: file.text(), until };
}

/** Takes the secrets of before away. @returns undefined when there are none. */
export function endRotation(text: string): string | undefined {
  const file = parseEnvFile(text);
  const names = [...SECRETS.map((name) => `${name}_PREVIOUS`), UNTIL].filter((name) => !isEmpty(file.get(name)));
  if (names.length === 0) return undefined;
  for (const name of names) file.set(name, "");
  return file.text();
}

const unquoted = (raw: string): string => raw.replace(/^(["'])(.*)\1$/, "$2");
const isEmpty = (raw: string | undefined): boolean => raw === undefined || unquoted(raw) === "";
