/** Which files a local model is, and where they come from. */
import { isAbsolute, resolve } from "node:path";

/** A folder in the layout of the hub, or a model of the hub at a revision. */
export type ModelSource =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "hub"; readonly name: string; readonly revision: string };

/** How exact the numbers of a model are; each is a file of its own in the model's folder. */
export const MODEL_PRECISIONS = ["fp32", "fp16", "q8", "q4"] as const;
export type ModelPrecision = (typeof MODEL_PRECISIONS)[number];

const HUB_NAME = /^(?<name>\w[\w.-]*\/\w[\w.-]*)(?:@(?<revision>\w[\w.-]*))?$/;

/**
 * Reads `./folder`, `/folder`, `owner/name` or `owner/name@revision`. What is meant never depends on which folders happen to exist.
 *
 * @throws Error when it is none of them; its message goes on from the setting's name.
 */
export function parseModelSource(raw: string): ModelSource {
  if (isAbsolute(raw) || /^\.{1,2}([/\\]|$)/.test(raw)) return { kind: "folder", path: resolve(raw) };
  const { name, revision = "main" } = HUB_NAME.exec(raw)?.groups ?? {};
  if (name === undefined || /\.\.|--/.test(`${name} ${revision}`)) {
    throw new Error(`must be a folder (beginning with / or ./) or a model of the hub (owner/name or owner/name@revision), not "${raw}"`);
  }
  return { kind: "hub", name, revision };
}
